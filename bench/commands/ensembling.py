"""The steps of `bench ensemble`, from what was asked to what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from bench.commands.display import terminal
from bench.commands.filtering import check_filters
from bench.commands.filters import as_limits
from bench.ensembles.candidates import Candidate, named, pool
from bench.ensembles.making import Wanted, best_member, compare, make
from bench.environment import command_line
from bench.errors import BenchError, StoreError, unknown_name
from bench.plan.budget import parse_budget
from bench.records.ensembles import RULES, Ensemble, Rule
from bench.records.runs import ValMetrics
from bench.report.board.ensembled import members_of
from bench.report.board.query import Query, select_rows
from bench.report.export.records import to_json
from bench.report.run.ensemble_details import EnsembleDetails, ensemble_record
from bench.report.terminal.ensemble_view import ensemble_view
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow
from bench.store.store import Store


class Filters(TypedDict):
    """The filters of a pool."""

    dataset: str | None
    target: str | None
    backbone: str | None
    strategy: str | None


@dataclass(frozen=True)
class Options:
    """The options of `bench ensemble`, as typed."""

    runs: list[str]
    rule: str | None
    budget: str | None
    pool: bool
    filters: Filters
    most: int | None
    db: str | None
    registry: list[Path] | None
    json: bool = False


def make_ensemble(options: Options) -> None:
    """Make the ensemble that was asked for, record it, and show it."""
    show_details(combine(options), json=options.json)


def combine(options: Options) -> EnsembleDetails:
    """Make the ensemble that was asked for, and record it. Raises BenchError for what does not go together."""
    rule = _rule(options)
    limits = parse_budget(as_limits(options.budget, options.registry))
    with Store.open(options.db, create=False) as store:
        artifacts = Artifacts.of(store)
        candidates = _pooled(store, artifacts, options) if options.pool else _named(store, artifacts, options)
        made = make(candidates, artifacts, Wanted(rule, limits, options.most, command_line()))
        return read_details(store, made if len(made.members) == 1 else store.ensembles.add(made))


def read_details(store: Store, made: Ensemble) -> EnsembleDetails:
    """Read an ensemble's members, and compare it with the best of them where their predictions are there."""
    heads = store.heads.all(member.run_id for member in made.members)
    rows = members_of(made, {row.run_id: row for row in store.rows(dataset=made.dataset)}, heads)
    if len(rows) == 1:
        return EnsembleDetails(made, rows)
    best = best_member(made, {row.run_id: _val(row) for row in rows})
    try:
        gain = compare(made, best, Artifacts.of(store))
    except StoreError:
        gain = None
    return EnsembleDetails(made, rows, gain)


def show_details(details: EnsembleDetails, *, json: bool) -> None:
    """Write an ensemble on stdout."""
    if json:
        terminal.write(to_json(ensemble_record(details)))
    else:
        console = terminal.out()
        console.print(ensemble_view(details, console))


def _rule(options: Options) -> Rule:
    """Return the rule, once what was asked for goes together."""
    asked = options.rule or ("greedy" if options.pool else "soft")
    rule = next((rule for rule in RULES if rule == asked), None)
    if rule is None:
        raise unknown_name("rule", asked, RULES, BenchError)
    if options.most is not None and rule != "greedy":
        raise BenchError(
            f"--most does not go with --rule {rule}.",
            "That rule takes every run it is given.",
            "Name fewer runs, or take --rule greedy.",
        )
    filters = [f"--{name}" for name, value in options.filters.items() if value and name != "target"]
    if filters and not options.pool:
        raise BenchError(
            f"{filters[0]} does not go with runs that are named.",
            "It narrows a pool.",
            "Add --pool to take the runs that it lets through.",
        )
    if options.pool and len(options.runs) > 1:
        raise BenchError(
            "--pool takes one run at most.",
            "It names the test set whose runs are the pool.",
            "Leave --pool out to combine just the runs named.",
        )
    return rule


def _pooled(store: Store, artifacts: Artifacts, options: Options) -> list[Candidate]:
    rows, query = store.rows(), Query(**options.filters)
    check_filters([part for row in rows for part in _parts(row)], query, options.registry)
    chosen = [row for row in rows if select_rows(_parts(row), query)]
    like = _named(store, artifacts, options)[0] if options.runs else None
    found, errors = pool(store, artifacts, chosen, like, options.filters["target"])
    for error in errors:
        terminal.say(f"note: Left out: {error.what} {error.why}")
    return found


def _named(store: Store, artifacts: Artifacts, options: Options) -> list[Candidate]:
    return named(store, artifacts, options.runs, options.filters["target"])


def _parts(row: RunRow) -> list[RunRow]:
    """Return a run and, of a joint one, itself as a run of each of its targets: what a filter may mean."""
    targets = row.target.split("+")
    return [row, *(row._replace(target=name) for name in targets if len(targets) > 1)]


def _val(row: RunRow) -> ValMetrics:
    values = (row.val_top1, row.val_top5, row.val_loss, row.val_macro_f1, row.val_balanced_accuracy)
    top1, top5, loss, macro_f1, balanced = (float("nan") if value is None else value for value in values)
    return ValMetrics(top1, top5, loss, macro_f1, row.val_n or 0, balanced)
