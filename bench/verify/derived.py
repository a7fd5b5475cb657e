"""Ensembles, measured again from the predictions of their members."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bench.ensembles.making import measured_again
from bench.errors import BenchError
from bench.store.artifacts import Artifacts
from bench.store.stamps import Measured

if TYPE_CHECKING:
    from bench.records.ensembles import Ensemble
    from bench.records.runs import Metrics
    from bench.store.store import Store
    from bench.verify.findings import Findings, Progress


def check_ensembles(store: Store, findings: Findings, progress: Progress) -> None:
    """Measure every ensemble again, and compare its id and its numbers."""
    artifacts, made = Artifacts.of(store), store.ensembles.list()
    for number, ensemble in enumerate(made, start=1):
        progress(number, len(made), "ensembles")
        findings.checked["ensembles"] += 1
        try:
            _check(ensemble, artifacts, findings)
        except BenchError as error:
            findings.error("ensembles", ensemble.ensemble_id, error)


def _check(ensemble: Ensemble, artifacts: Artifacts, findings: Findings) -> None:
    val, test = measured_again(ensemble, artifacts)
    for split, again, stored in (("val", val, ensemble.val), ("test", test, ensemble.test)):
        if not _measured(again).agrees(_measured(stored)):
            findings.wrong(
                "ensembles",
                ensemble.ensemble_id,
                f"On {split} its members give top-1 {again.top1:.6f} and loss {again.loss:.6g}, the database has "
                f"{stored.top1:.6f} and {stored.loss:.6g}.",
                "Make it anew with `bench ensemble`, or restore the database from a copy.",
            )


def _measured(metrics: Metrics) -> Measured:
    loss = metrics.loss if metrics.loss is not None and math.isfinite(metrics.loss) else math.nan
    return Measured(metrics.top1, loss)
