"""What was really assumed where a study was run: nothing that a change replaced or all runs state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.report.study.reproduced import Attempted

if TYPE_CHECKING:
    from bench.registry.studies import StudyRunEntry


def assumed_of_study(one: Attempted) -> dict[str, Any]:
    """Return what was taken for what the source leaves open of all runs, as far as one that is shown took it."""
    shown = [run for run in one.study.runs if run.name in one.rows]
    own = [{*run.recipe.model_fields_set, *run.assumed} for run in shown]
    everywhere = set.intersection(*own) if own else set()
    return {key: value for key, value in one.study.assumed.items() if key not in _replaced(one) | everywhere}


def assumed_of_run(run: StudyRunEntry, one: Attempted) -> dict[str, Any]:
    """Return what was taken for what the source leaves open of one run."""
    return {key: value for key, value in run.assumed.items() if key not in _replaced(one)}


def _replaced(one: Attempted) -> set[str]:
    """Return the keys that were told; a subset with a val of its own takes no share of train for it."""
    told = {name for name in ("image_size", "epochs") if name in one.changes}
    told |= {text.partition("=")[0].strip() for text in one.changes.get("settings", ())}
    return told | ({"val_fraction"} if "val=" in one.changes.get("subset", "") else set())
