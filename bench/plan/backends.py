"""Which backend computes the frozen part of each run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.plan.forecast import worth_keeping
from bench.records.runs import PlannedRun
from bench.spec import BackendName, RunSpec


def with_backend(runs: Sequence[PlannedRun], backend_for: Callable[[RunSpec], BackendName]) -> list[PlannedRun]:
    """Put a backend into the runs that have a frozen part worth keeping; the others' identity stays as it is."""
    return [
        replace(run, spec=run.spec.model_copy(update={"backend": backend_for(run.spec)}))
        if worth_keeping(run.counts)
        else run
        for run in runs
    ]
