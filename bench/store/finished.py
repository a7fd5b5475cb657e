"""What only a finished run has: asked for one that is not, the error says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from bench.errors import StoreError

if TYPE_CHECKING:
    from bench.spec import RunSpec
    from bench.store.rows import StoredRun


def finished_spec(stored: StoredRun) -> RunSpec:
    """Return the spec of a run that is done; raises StoreError where it is not, or of another version of bench."""
    run_id, status = stored.row.run_id[:12], stored.row.status
    if status != "done":
        raise StoreError(
            f"Run {run_id} is {status}, not done.",
            "Only a run that is done has a trained model and predictions.",
            f"`bench show {run_id}` says how it was run; the same command goes on with it.",
        )
    try:
        return stored.spec
    except ValidationError as error:
        raise StoreError(
            f"The spec of run {run_id} cannot be read.",
            f"Another version of bench wrote it: {error.errors()[0]['msg']}.",
            "Use the version that ran it.",
        ) from error
