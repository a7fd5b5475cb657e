"""Hyper-parameter search on a session. Nothing here prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from bench.data.finding import Source
from bench.environment import command_line
from bench.plan.asked import Asked
from bench.plan.enumerate import Plan
from bench.plan.recipes import for_strategy
from bench.plan.request import kept_as, request_record, require_weights
from bench.records.runs import SweepRecord
from bench.registry.entries import DatasetEntry
from bench.registry.search_keys import overrides
from bench.spec import Metric
from bench.store.location import without_passwords
from bench.store.store import Store
from bench.sweep.session import Session
from bench.sweep.stopping import Stop
from bench.train.provenance import provenance
from bench.tune.objective import metric_name
from bench.tune.options import SearchOptions
from bench.tune.planner import Planner
from bench.tune.result import importances, repeat_command, trial_record
from bench.tune.sampler import sampler_name
from bench.tune.search import Ended, Search
from bench.tune.space import Space, starting_point
from bench.tune.study import Definition, best_of, opened
from bench.tune.trials import Trials, Tried
from bench.tune.watching import TuneWatcher
from bench.tune.words import Words, read_words


class TuneObserver:
    """Callbacks of a search; every method may be overridden, none has to be."""

    def begins(self, space: Space, trials: int, notes: Sequence[str]) -> None:
        """Handle the space once it is known, before the first trial."""

    def watching(self, metric: Metric) -> AbstractContextManager[TuneWatcher]:  # noqa: ARG002
        """Return a context of training, which gives the callbacks of its trials."""
        return nullcontext(TuneWatcher())


@dataclass(frozen=True)
class Found:
    """Result of a search: plain data, trials, how it ended, and the database."""

    result: dict[str, Any]
    tried: list[Tried]
    ended: Ended
    location: str


@dataclass
class Tuning:
    """A planned search: the definition of its study, and the planner of its trials."""

    session: Session
    dataset: str
    asked: Asked
    options: SearchOptions
    words: Words = field(init=False)
    entry: DatasetEntry = field(init=False)
    source: Source = field(init=False)
    plan: Plan = field(init=False)
    space: Space = field(init=False)
    candidates: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        metric_name(self.options.metric), sampler_name(self.options.sampler)
        self.entry = self.session.find(self.dataset, self.asked)
        self.words = read_words(self.session.registry, self.asked, self.options.space)

    def look_up(self) -> Space:
        """Plan all that may be tried, and return the space of what fits."""
        self.source = self.session.source(self.entry)
        self.plan = self.session.plan(self.source, self.words.plan)
        self.space, self.candidates = self.words.fitting(self.session.registry, self.plan)
        return self.space

    def search(self, observer: TuneObserver) -> Found:
        """Make the trials that are not made yet."""
        dataset = self.session.open(self.entry)
        self.look_up()
        require_weights(self.plan)
        observer.begins(self.space, self.options.trials, self.plan.remarks)
        session, metric = self.session, metric_name(self.options.metric)
        with (
            Store.open(session.options.db) as store,
            self._study(store) as trials,
            session.observer.interruptible() as interrupted,
        ):
            with observer.watching(metric) as watcher:
                search = Search(
                    store=store,
                    trials=trials,
                    space=self.space,
                    planner=self._planner(store),
                    sweep_id=store.plan(self._record(), []),
                    workbench=session.workbench(dataset),
                    provenance=provenance(session.device),
                    metric=metric,
                    wanted=self.options.trials,
                    prune=self.options.prune,
                    together=self.options.together,
                    keep_weights=session.options.keep,
                    watcher=watcher,
                    stop=Stop(interrupted, session.options.limit_s),
                    retry=session.options.retried,
                )
                ended = search.work()
            tried = trials.all()
            return Found(self._result(trials, tried), tried, ended, str(store.location))

    @property
    def definition(self) -> Definition:
        """What the study is known by."""
        options, request = self.options, request_record(self.plan, self.words.asked)
        kept = {key: request[key] for key in ("dataset", "budget", "kept")}
        recipe = self.words.recipe.model_dump(mode="json", exclude={"space", "strategy_space", "note"})
        backbones = {name: found.spec.model_dump(mode="json") for name, found in self.candidates.items()}
        more = {"recipe": recipe, "fixed": dict(self.words.fixed), "backbones": backbones}
        return Definition(
            space=self.space.described,
            metric=metric_name(options.metric),
            sampler=sampler_name(options.sampler),
            seed=options.seed,
            prune=options.prune,
            request={**kept, **more, "backend": self.session.options.backend},
        )

    def _study(self, store: Store) -> AbstractContextManager[Trials]:
        recipe, space = self.words.recipe, self.space
        first = starting_point(space, for_strategy(recipe, space.strategies[0], self.words.fixed))
        definition = self.definition
        name, command = self.options.name or definition.name, without_passwords(command_line())
        return opened(store.location, name, definition, command, first)

    def _planner(self, store: Store) -> Planner:
        words, request = self.words, self.plan.request
        speed = self.session.speed(store)
        backend_for = self.session.backend_for(self.source, speed)
        return Planner(
            dataset=request.dataset,
            entry=request.entry,
            candidates=self.candidates,
            recipe=words.recipe,
            fixed=words.fixed,
            budget=request.budget,
            kept=kept_as(words.asked.kept),
            runs=self.session.maker(self.source, speed, backend_for),
            pixels=request.pixels,
        )

    def _record(self) -> SweepRecord:
        request = self.plan.request
        return SweepRecord(
            command=command_line(),
            dataset=request.dataset.name,
            budget=str(request.budget),
            run_ids=(),
            rejected=self.plan.rejected,
            request={"tune": self.definition.data},
        )

    def _result(self, trials: Trials, tried: list[Tried]) -> dict[str, Any]:
        best = best_of(tried, metric_name(self.options.metric))
        return {
            "study": trials.name,
            "metric": self.options.metric,
            "space": self.space.described,
            "best": {**trial_record(best), "command": self._repeat(best)} if best else None,
            "importances": importances(trials),
            "trials": [trial_record(trial) for trial in tried if trial.end != "surplus"],
        }

    def _repeat(self, best: Tried) -> str:
        options, words, asked = self.session.options, self.words, self.words.asked
        settings = {key: value for key, value in best.settings.items() if key not in ("backbone", "strategy")}
        base = for_strategy(words.recipe, best.settings["strategy"], words.fixed)
        changed = {**words.fixed, **overrides(settings, base)}
        pairs = {
            "--dataset": self.dataset,
            "--layout": asked.layout,
            "--target": asked.target,
            "--subset": asked.subset,
            "--cache-dtype": asked.kept if asked.kept != "fp32" else None,
            "--backend": options.backend if options.backend != "eager" else None,
            "--db": without_passwords(options.db) if options.db else None,
            "--data-root": str(options.data_root) if options.data_root else None,
        }
        told = [word for name, value in pairs.items() if value for word in (name, value)]
        told += [word for folder in options.registry for word in ("--registry", str(folder))]
        told += ["--skip-damaged"] * asked.skip_damaged + ["--drop-duplicates"] * asked.drop_duplicates
        told += [word for some in asked.lists for word in ("--list", some)]
        told += [word for groups in asked.groups for word in ("--groups", groups)]
        return repeat_command(best, changed, told, words.recipe.name)
