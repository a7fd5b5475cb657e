"""`bench reproduce`'s search for a run's hyper-parameters, as its source made one, on the data that is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench.commands.display import terminal
from bench.commands.display.observer import ConsoleObserver
from bench.commands.display.tune_ending import ending, exit_code
from bench.commands.display.tune_progress import ConsoleTuneObserver, space_view
from bench.environment import command_line
from bench.plan.budget import parse_budget
from bench.records.runs import PlannedRun, SweepRecord
from bench.report.study.records import study_record
from bench.spec import BackendName, DatasetSpec
from bench.store.location import without_passwords
from bench.store.store import Store
from bench.studies.changes import Changes
from bench.studies.planning import Place, data_of
from bench.studies.searching import METRIC, StudySearch
from bench.sweep.session import Session
from bench.train.provenance import provenance
from bench.train.workbench import Workbench
from bench.tune.planner import Planner
from bench.tune.search import Ended, Search
from bench.tune.study import Definition, opened
from bench.tune.trials import Trials
from bench.units import show


@dataclass(frozen=True)
class Searching:
    """What a study's search needs: what was asked, where runs are kept, what trains, when to leave off."""

    search: StudySearch
    changes: Changes
    place: Place
    store: Store
    session: Session
    workbench: Workbench
    kept: Literal["fp32", "fp16"]
    stop: Callable[[], bool]

    @property
    def backend(self) -> BackendName:
        """The backend of every trial; without kept features it does not matter."""
        return self.session.options.frozen_backend if self.search.run.cache else "eager"

    @property
    def data(self) -> DatasetSpec:
        """The dataset as every trial sees it."""
        return data_of(self.search.study, self.search.run, self.changes, self.place)

    def work(self, observer: ConsoleObserver) -> int:
        """Make the trials that are not made yet, and return the exit code; a search that is over is only recorded.

        The first trial is drawn as the others are: the run's own settings are what the source's search ended with.
        """
        definition = self.search.definition(self.data, self.kept, self.backend)
        name, command = self.search.name(definition), without_passwords(command_line())
        wanted = self.search.entry.trials
        with opened(self.store.location, name, definition, command, {}) as trials:
            known = trials.all()
            sweep = self.store.plan(self._record(trials, definition), [])
            again = "diverged" in self.session.options.retried and any(one.end == "diverged" for one in known)
            if (
                sum(one.counts for one in known) >= wanted
                and not again
                and not any(one.end == "open" for one in known)
            ):
                return 0
            ended = self._search(trials, sweep)
            tried = trials.all()
        terminal.say(f"Search of {self.search.run.name}: {ending(tried, ended, self.store.location)}")
        return exit_code(tried, ended, wanted, observer.exit_code)

    def _search(self, trials: Trials, sweep: int) -> Ended:
        wanted, space = self.search.entry.trials, self.search.space
        if not self.stop():
            terminal.err().print(space_view(space, wanted))
        with ConsoleTuneObserver().watching(METRIC) as display:
            search = Search(
                store=self.store,
                trials=trials,
                space=space,
                planner=self._planner(),
                sweep_id=sweep,
                workbench=self.workbench,
                provenance=provenance(self.workbench.device),
                metric=METRIC,
                wanted=wanted,
                watcher=display,
                stop=self.stop,
                retry=self.session.options.retried,
            )
            return search.work()

    def _planner(self) -> Planner:
        search, source = self.search, self.place.source
        speed = self.session.speed(self.store)
        return Planner(
            dataset=self.data,
            entry=self.place.taken,
            candidates={search.candidate.spec.name: search.candidate},
            recipe=search.recipe,
            fixed=search.fixed,
            budget=parse_budget(search.study.budget),
            kept=self.kept,
            runs=self.session.maker(source, speed, self.session.backend_for(source, speed, self.backend)),
            features="kept" if search.run.cache else "recomputed",
        )

    def _record(self, trials: Trials, definition: Definition) -> SweepRecord:
        """Record what was tried before too, so that the setting of this command has all of it."""
        study, before = self.search.study, [one.run_id for one in trials.all() if one.run_id]
        request = {
            "tune": definition.data,
            "study": study_record(study.name, self.changes.as_data(), {}, search=trials.name),
        }
        dataset = str(definition.request["dataset"]["name"])
        return SweepRecord(command_line(), dataset, study.budget, tuple(dict.fromkeys(before)), request=request)


def foreseen(search: StudySearch, run: PlannedRun) -> str:
    """Say what a search will take: for each trial what its run takes."""
    trials, seconds = search.entry.trials, show(search.entry.trials * run.forecast_s, "seconds")
    return f"Then a search: {trials} trial{'s' * (trials != 1)} of {search.run.name}, about {seconds}."
