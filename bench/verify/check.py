"""Everything about a database that can be computed again, in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.verify.derived import check_ensembles
from bench.verify.files import check_checkpoints, check_orphans, check_predictions, check_weights
from bench.verify.findings import Findings
from bench.verify.home import check_features, check_images
from bench.verify.rows import check_rows

if TYPE_CHECKING:
    from bench.store.store import Store
    from bench.verify.findings import Progress


def verify(store: Store, progress: Progress, *, home: bool = True) -> Findings:
    """Check a database, its files and, with `home`, what is kept on this machine.

    Raises StoreError if the database cannot be read.
    """
    findings = Findings()
    check_rows(store, findings, progress)
    check_predictions(store, findings, progress)
    check_weights(store, findings, progress)
    check_checkpoints(store, findings)
    check_orphans(store, findings)
    check_ensembles(store, findings, progress)
    if home:
        check_features(findings, progress)
        check_images(findings, progress)
    return findings
