"""A study's runs as they will be trained, by name and variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.records.runs import PlannedRun
from bench.registry.studies import StudyEntry, StudyRunEntry
from bench.report.study.reproduced import same_run


@dataclass(frozen=True)
class Named:
    """One run of a study as it will be trained, under one variant of its settings (empty: there is one only)."""

    entry: StudyRunEntry
    variant: str
    run: PlannedRun

    @property
    def name(self) -> str:
        """The study's name of the run, and its variant: `scratch lr=0.001`."""
        return f"{self.entry.name} {self.variant}".strip()


@dataclass(frozen=True)
class Planned:
    """A study's runs as they will be trained."""

    study: StudyEntry
    named: tuple[Named, ...]

    @property
    def ids(self) -> dict[str, dict[str, list[str]]]:
        """The ids of each run, one for each seed, by variant and the study's name of the run."""
        found: dict[str, dict[str, list[str]]] = {}
        for one in self.named:
            found.setdefault(one.variant, {}).setdefault(one.entry.name, []).append(one.run.spec.run_id)
        return found

    @property
    def unique(self) -> dict[str, PlannedRun]:
        """The runs by id: names that the changes made one run of share it."""
        found: dict[str, PlannedRun] = {}
        for one in self.named:
            found.setdefault(one.run.spec.run_id, one.run)
        return found

    def shared(self) -> list[str]:
        """Note which runs became identical through the overrides: nothing is left to compare between them."""
        names: dict[str, list[str]] = {}
        for one in self.named:
            names.setdefault(one.run.spec.run_id, []).append(one.name)
        alike = dict.fromkeys(tuple(same) for same in names.values() if len(same) > 1)
        return [f"{same_run(same)}." for same in alike]

    def changed(self, change: Callable[[list[PlannedRun]], list[PlannedRun]]) -> Planned:
        """Change the runs, in order."""
        runs = change([one.run for one in self.named])
        return replace(self, named=tuple(replace(one, run=run) for one, run in zip(self.named, runs, strict=True)))
