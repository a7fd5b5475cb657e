"""The steps of `bench tune`, from what was asked to an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.commands import options as o
from bench.commands.backend import backend_asked, settled, usable
from bench.commands.display import terminal
from bench.commands.display.tune_progress import display_for, result_view, space_view
from bench.commands.interrupts import Interrupts
from bench.commands.limits import parse_bytes, parse_duration, parse_retry
from bench.commands.planning import Counting, forecast_for, speed_of
from bench.commands.training import open_for_training
from bench.commands.tune_ending import ending, exit_code
from bench.data.datasets import known_header
from bench.data.manifest import ManifestHeader
from bench.environment import command_line
from bench.hardware.device import deterministic, pick
from bench.plan.enumerate import Plan
from bench.plan.recipes import for_strategy
from bench.plan.request import Asked, dataset_spec, kept_as, plan_for, request_record, require_weights
from bench.records.runs import PlannedRun, SweepRecord
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.registry.search_keys import overrides
from bench.report.export.records import to_json
from bench.store.location import without_passwords
from bench.store.store import Store
from bench.sweep.stopping import Stop
from bench.train.provenance import provenance
from bench.train.workbench import Workbench
from bench.tune.objective import metric_name
from bench.tune.planner import Planner
from bench.tune.result import importances, repeat_command, trial_record
from bench.tune.sampler import sampler_name
from bench.tune.search import Ended, Search
from bench.tune.space import Space, starting_point
from bench.tune.study import Definition, best_of, opened
from bench.tune.trials import Trials, Tried
from bench.tune.words import Words, read_words


@dataclass(frozen=True)
class Options:
    """The options of `bench tune`, as typed."""

    dataset: str
    asked: Asked
    space: list[str]
    trials: int
    sampler: str
    metric: str
    seed: int
    name: str | None
    prune: bool
    together: int
    time_limit: str | None
    dry_run: bool
    keep: bool | None
    workers: int | None
    db: str | None
    registry: list[Path]
    data_root: Path | None
    download: bool
    device: str
    cache_budget: str
    backend: str
    json: bool
    retry: str = "failed"


@dataclass(frozen=True)
class Tuning:
    """What the options came to, before anything is trained."""

    options: Options
    registry: Registry
    entry: DatasetEntry
    header: ManifestHeader | None
    words: Words
    plan: Plan
    space: Space
    candidates: Mapping[str, Any]

    @property
    def definition(self) -> Definition:
        """What the study is known by."""
        options, request = self.options, request_record(self.plan, self.words.asked)
        kept = {key: request[key] for key in ("dataset", "budget", "kept")}
        recipe = self.words.recipe.model_dump(mode="json", exclude={"space", "strategy_space", "note"})
        backbones = {name: found.spec.model_dump(mode="json") for name, found in self.candidates.items()}
        more = {"recipe": recipe, "fixed": dict(self.words.fixed), "backbones": backbones}
        return Definition(
            self.space.described,
            metric_name(options.metric),
            sampler_name(options.sampler),
            options.seed,
            options.prune,
            {**kept, **more, "backend": options.backend},
        )


def run_tune(options: Options) -> int:
    """Search, and return the exit code."""
    limit_s, cache_bytes = parse_duration(options.time_limit), parse_bytes(options.cache_budget)
    metric_name(options.metric), sampler_name(options.sampler), parse_retry(options.retry)
    device = pick(options.device)
    usable(backend_asked(options.backend), device)
    deterministic()
    registry = o.open_registry(options.registry)
    asked = options.asked
    found = o.find_dataset(registry, options.dataset, asked.groups, layout=asked.layout, lists=asked.lists)
    entry = asked.without_faults(found)
    words = read_words(registry, options.asked, options.space)
    if options.dry_run:
        terminal.out().print(space_view(_looked_up(options, registry, entry, words).space, options.trials))
        return 0
    Store.open(options.db).close()  # a database that cannot be used is said before anything is fetched
    dataset = open_for_training(entry, options.data_root, download=options.download)
    tuning = _looked_up(options, registry, entry, words)
    terminal.err().print(space_view(tuning.space, options.trials))
    for remark in tuning.plan.remarks:
        terminal.err().print(f"note: {remark}", soft_wrap=True, highlight=False)
    with Store.open(options.db) as store, _study(store, tuning) as trials, Interrupts() as interrupts:
        with display_for(metric_name(options.metric)) as display:
            search = Search(
                store,
                trials,
                tuning.space,
                _planner(tuning, store, device),
                store.plan(_record(tuning), []),
                Workbench(device, dataset, workers=options.workers, cache_bytes=cache_bytes),
                provenance(device),
                metric_name(options.metric),
                options.trials,
                options.prune,
                options.together,
                options.keep,
                display,
                Stop(interrupts.wanted, limit_s),
                parse_retry(options.retry),
            )
            ended = search.work()
        return _end(tuning, trials, ended, str(store.location), interrupts.exit_code)


def _looked_up(options: Options, registry: Registry, entry: DatasetEntry, words: Words) -> Tuning:
    header = known_header(entry, options.data_root)
    seen = dataset_spec(entry, options.asked.target, header, options.asked.subset)
    with Counting(terminal.err()) as counting:
        plan = plan_for(registry, entry, seen, words.plan, counting, header=header)
    if not options.dry_run:
        require_weights(plan)
    space, candidates = words.fitting(registry, plan)
    return Tuning(options, registry, entry, header, words, plan, space, candidates)


@contextmanager
def _study(store: Store, tuning: Tuning) -> Iterator[Trials]:
    words, definition = tuning.words, tuning.definition
    first = starting_point(tuning.space, for_strategy(words.recipe, tuning.space.strategies[0], words.fixed))
    name = tuning.options.name or definition.name
    command = without_passwords(command_line())
    with opened(store.location, name, definition, command, first) as trials:
        yield trials


def _planner(tuning: Tuning, store: Store, device: torch.device) -> Planner:
    words, request = tuning.words, tuning.plan.request
    speed = speed_of(tuning.options.device, store)
    images = tuning.header.counts if tuning.header else tuning.entry.counts
    backend, keeps = backend_asked(tuning.options.backend), parse_bytes(tuning.options.cache_budget) > 0

    def runs(plan: Plan) -> list[PlannedRun]:
        made = forecast_for(plan, tuning.entry, tuning.header, speed, keeps=keeps)[0]
        if not keeps:
            return made  # nothing is kept, and it does not matter what would compute it
        return settled(made, backend, images, speed.machine, device, terminal.err())

    kept = kept_as(words.asked.kept)
    return Planner(
        request.dataset,
        request.entry,
        tuning.candidates,
        words.recipe,
        words.fixed,
        request.budget,
        kept,
        runs,
        request.pixels,
    )


def _record(tuning: Tuning) -> SweepRecord:
    request, asked = tuning.plan.request, {"tune": tuning.definition.data}
    return SweepRecord(command_line(), request.dataset.name, str(request.budget), (), tuning.plan.rejected, asked)


def _end(tuning: Tuning, trials: Trials, ended: Ended, where: str, interrupted: int) -> int:
    tried = trials.all()
    result = _result(tuning, trials, tried)
    if tuning.options.json:
        terminal.write(to_json(result))
    else:
        terminal.out().print(result_view(result), crop=False)
    terminal.say(ending(tried, ended, where))
    return exit_code(tried, ended, tuning.options.trials, interrupted)


def _result(tuning: Tuning, trials: Trials, tried: list[Tried]) -> dict[str, Any]:
    best = best_of(tried, metric_name(tuning.options.metric))
    return {
        "study": trials.name,
        "metric": tuning.options.metric,
        "space": tuning.space.described,
        "best": {**trial_record(best), "command": _repeat(tuning, best)} if best else None,
        "importances": importances(trials),
        "trials": [trial_record(trial) for trial in tried if trial.end != "surplus"],
    }


def _repeat(tuning: Tuning, best: Tried) -> str:
    options, words = tuning.options, tuning.words
    settings = {key: value for key, value in best.settings.items() if key not in ("backbone", "strategy")}
    base = for_strategy(words.recipe, best.settings["strategy"], words.fixed)
    changed = {**words.fixed, **overrides(settings, base)}
    asked = words.asked
    pairs = {
        "--dataset": options.dataset,
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
