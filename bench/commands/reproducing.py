"""The steps of `bench reproduce`, from what was asked to an exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

from bench.commands.display import terminal
from bench.commands.display.observer import ConsoleObserver
from bench.commands.display.study_tables import show_plan, show_tables
from bench.commands.display.sweep_ending import end_sweep
from bench.commands.study_parts import Makers
from bench.commands.study_plan import Named, Planned
from bench.commands.study_search import Searching, foreseen
from bench.data.finding import find_dataset
from bench.environment import command_line
from bench.errors import DataError, WeightsError
from bench.models.weights import fetch
from bench.plan.enumerate import BackendFor
from bench.plan.forecast import Speed, total
from bench.plan.request import kept_as
from bench.plan.variants import told_text
from bench.records.runs import SweepRecord
from bench.registry.entries import DatasetEntry
from bench.registry.studies import StudyEntry
from bench.report.study.records import attempted, study_record
from bench.store.store import Store
from bench.studies.changes import changes_of
from bench.studies.options import StudyOptions
from bench.studies.planning import Place, chosen, plan_run
from bench.studies.searching import StudySearch, study_search
from bench.sweep.session import Session, Swept
from bench.sweep.stopping import Stop


class Reproduction:
    """A study on its way through planning, training and its tables."""

    def __init__(
        self, study: str, asked: StudyOptions, session: Session, observer: ConsoleObserver, form: str
    ) -> None:
        self.asked, self.session, self.observer, self.form = asked, session, observer, form
        registry = session.registry
        self.study = registry.get(StudyEntry, study)
        self.changes = changes_of(self.study, asked.changes)
        self.entries = chosen(self.study, asked.runs)
        self.search = self._search()
        own = registry.get(DatasetEntry, self.study.dataset)
        taken = own
        if self.changes.dataset:
            taken = find_dataset(registry, self.changes.dataset, layout=asked.layout, lists=asked.lists)
        self.place = Place(own, self.changes.without_faults(taken))

    def show(self) -> None:
        """Show the plan and its forecast; nothing runs."""
        session = self.session
        self._look()
        speed = session.speed()
        planned = self._plan(speed, lambda _spec: session.options.frozen_backend)
        forecast = total([one.run for one in planned.named], speed.machine.hardware)
        rows = [(one.name, one.run) for one in planned.named]
        show_plan(self.study, rows, self.changes, forecast, json=self.form == "json")
        self._note(planned.shared())
        if self.search:
            run = next(one.run for one in planned.named if one.entry.name == self.search.run.name)
            terminal.err().print(foreseen(self.search, run))

    def run(self) -> int:
        """Train what is not done yet, show the table of what is stored, and return the exit code."""
        session, study = self.session, self.study
        with _or_stand_in(study):
            dataset = session.open(self.place.taken)
        if not (dataset.manifest.check and len(dataset.manifest.check.left_out)):
            self.changes = replace(self.changes, left_out=())  # nothing had to be left out: the dataset is whole
        self._look()
        with Store.open(session.options.db) as store:
            speed = session.speed(store)
            planned = self._plan(speed, session.backend_for(self.place.source, speed))
            self._note(planned.shared())
            runs = list(planned.unique.values())
            with _or_stand_in(study):
                left = session.unfinished(runs, store)
                for backbone in {r.spec.backbone for r in left if r.spec.backbone.weights.source != "none"}:
                    fetch(backbone)
            store.plan(self._record(planned), runs)
            workbench = session.workbench(dataset)
            with self.observer.interruptible() as interrupted:
                stop = Stop(interrupted, session.options.limit_s)
                tally = session.train(store, runs, workbench, stop=stop)
                swept = Swept(tally, len(runs), str(store.location))
                code = end_sweep(swept, self.observer.exit_code)
                if self.search:
                    searching = Searching(
                        search=self.search,
                        changes=self.changes,
                        place=self.place,
                        store=store,
                        session=session,
                        workbench=workbench,
                        kept=kept_as(self.asked.kept) if self.search.run.cache else "fp32",
                        stop=stop,
                    )
                    code = max(code, searching.work(self.observer))
            makers = Makers(store, session.registry, session.options.data_root, session.device)
            for one in attempted(store, study, self.changes.as_data()):
                makers.make(one)
            show_tables(study, attempted(store, study, self.changes.as_data()), self.form)
        return code

    def _look(self) -> None:
        self.place = replace(self.place, header=self.session.source(self.place.taken).header)

    def _search(self) -> StudySearch | None:
        """Return the study's search, if its run was chosen and something is left to search."""
        study, changes = self.study, self.changes
        if study.search is None or study.search.run not in {entry.name for entry in self.entries}:
            return None
        if len(changes.variants()) > 1:
            self._note([f"No search of {study.search.run}: it has one setting, --set gives several."])
            return None
        search = study_search(self.session.registry, study, changes)
        if search is None:
            self._note([f"No search of {study.search.run}: --set sets every key that it varies."])
        return search

    def _plan(self, speed: Speed, backend_for: BackendFor) -> Planned:
        """Plan every run, in the study's order, with what each will take."""
        named: list[Named] = []
        remarks: dict[str, None] = {}
        registry, study, changes, place = self.session.registry, self.study, self.changes, self.place
        with self.observer.counting() as progress:
            for entry, variant in product(self.entries, changes.variants()):
                plan = plan_run(
                    registry, study, entry, changes, place, variant=variant, seeds=self.asked.seeds,
                    kept=kept_as(self.asked.kept), progress=progress,
                )  # fmt: skip
                runs = plan.runs(speed.machine.precision_for, backend_for)
                named += [Named(entry, told_text(variant), run) for run in runs]
                remarks |= dict.fromkeys(plan.remarks)
        self._note(remarks)
        planned = Planned(study, tuple(named))
        return planned.changed(lambda runs: self.session.forecast(runs, self.place.source, speed))

    def _note(self, notes: Sequence[str] | dict[str, None]) -> None:
        for note in notes:
            terminal.err().print(f"note: {note}", highlight=False)

    def _record(self, planned: Planned) -> SweepRecord:
        study, data = self.study, planned.named[0].run.spec.dataset
        request = {
            "study": study_record(study.name, self.changes.as_data(), planned.ids),
            "seeds": self.asked.seeds,
        }
        return SweepRecord(command_line(), data.name, study.budget, tuple(planned.unique), request=request)


@contextmanager
def _or_stand_in(study: StudyEntry) -> Iterator[None]:
    """Add to what is missing that nothing was trained, and how the study runs without it."""
    try:
        yield
    except (DataError, WeightsError) as error:
        hint = f"Nothing was trained. On a stand-in: bench reproduce {study.name} --on DATASET --backbone NAME"
        todo = re.sub(r"--backbones (\S+)@file:PATH", lambda named: _from_file(named[1], study), error.todo)
        raise type(error)(error.what, error.why, f"{todo}\n{hint}".strip()) from error


def _from_file(name: str, study: StudyEntry) -> str:
    """Write the option that takes weights from a file; for a backbone of the study's, for that one only."""
    own = f"{name}=" if name in {run.backbone for run in study.run} else ""
    return f"--backbone {own}{name}@file:PATH"
