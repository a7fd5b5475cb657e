"""Which runs a study's name means: read back from the sweeps that ran it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.report.board.groups import Stat, ranks, summarise
from bench.report.study.parts import SEARCH, TRANSFER, best_trial
from bench.report.study.reproduced import Attempted, measuring

PRINTED = "as written"
"""The reading of a label map that a study's figures were measured with."""

if TYPE_CHECKING:
    from bench.registry.studies import EnsembleEntry, StudyEntry
    from bench.store.rows import RunRow
    from bench.store.store import Store


def study_record(
    study: str, changes: Mapping[str, Any], runs: Mapping[str, Mapping[str, Sequence[str]]], search: str = ""
) -> dict[str, Any]:
    """Return what a sweep's request says of the study that it ran: what was changed, and each run's ids.

    `runs` are the ids by variant (`lr=0.01`; empty if there is one only) and name. `search` names the search whose
    trials the sweep's runs are.
    """
    ids = {variant: {name: list(found) for name, found in named.items()} for variant, named in runs.items()}
    record: dict[str, Any] = {"name": study, "changes": dict(changes), "runs": ids.pop("", {})}
    if ids:  # a list: their order is the one that they were asked for in
        record["variants"] = [{"variant": variant, "runs": named} for variant, named in ids.items()]
    return {**record, "search": search} if search else record


def attempted(store: Store, study: StudyEntry, changes: Mapping[str, Any] | None = None) -> list[Attempted]:
    """Return every setting in which a study was run, oldest first; with `changes` only that one.

    A setting of several variants is as many, one after the other. Of a run that was planned several times in one
    setting the last plan counts, with all its seeds.
    """
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    searches: dict[str, list[tuple[str, int]]] = {}
    for sweep in store.sweeps():
        asked = store.sweep(sweep.id).request.get("study")
        if not asked or asked["name"] != study.name or changes not in (None, asked["changes"]):
            continue
        setting = json.dumps(asked["changes"], sort_keys=True)
        if "search" in asked:
            searches.setdefault(setting, []).append((asked["search"], sweep.id))
        for part in asked.get("variants") or [{"variant": "", "runs": asked["runs"]}]:
            named = found.setdefault((setting, part["variant"]), {})
            for name, ids in part["runs"].items():
                named[name] = [*named.get(name, []), *ids]
    rows = {row.run_id: row for row in store.rows()} if found else {}
    made = []
    for (setting, variant), named in found.items():
        own = {name: _of_the_last(ids, rows) for name, ids in named.items()}
        trials = _trials(store, searches.get(setting, ()))
        parts = {**_headed(store, own), **_ensembled(store, study, own), **_transferred(store, study, own)}
        parts |= _searched(study, trials)
        made.append(Attempted(study, json.loads(setting), own, parts, trials, variant))
    return sorted(made, key=lambda one: [setting for setting, _ in found].index(_key(one)))


def _key(one: Attempted) -> str:
    return json.dumps(one.changes, sort_keys=True)


def members_by_seed(ensemble: EnsembleEntry, rows: Mapping[str, Sequence[RunRow]]) -> dict[int, list[str]]:
    """Return the ids of an ensemble's members, in their order, for each seed of which every member is done."""
    done = [{row.seed: row.run_id for row in rows.get(name, ()) if ranks(row)} for name in ensemble.members]
    seeds = sorted(set(done[0]).intersection(*done[1:]))
    return {seed: [runs[seed] for runs in done] for seed in seeds}


def _trials(store: Store, searches: Sequence[tuple[str, int]]) -> list[RunRow]:
    """Return the trials of the search that was made last; `searches` are names, each with a sweep of it."""
    sweeps = [sweep for name, sweep in searches if name == searches[-1][0]]
    return list({row.run_id: row for sweep in sweeps for row in store.rows(sweep=sweep)}.values())


def _searched(study: StudyEntry, trials: Sequence[RunRow]) -> dict[tuple[str, str], Stat]:
    """Return the published figures of the trial that was best on val; its val is val, never test."""
    best = best_trial(trials)
    if study.search is None or best is None:
        return {}
    found = {figure: measuring(figure, study)(best) for figure in study.search.published}
    return {(SEARCH, name): summarise([value]) for name, value in {**found, "val_top1": best.val_top1}.items()}


def _headed(store: Store, rows: Mapping[str, Sequence[RunRow]]) -> dict[tuple[str, str], Stat]:
    """Summarise what each head of a joint run measured on test, and how often two contradict each other."""
    found: dict[tuple[str, str], list[float | None]] = {}
    for name, some in rows.items():
        joint = [row.run_id for row in some if "+" in row.target and ranks(row)]
        for heads in store.heads.all(joint).values() if joint else ():
            for head in (head for head in heads.metrics if head.split == "test"):
                found.setdefault((name, f"test_top1 of {head.target}"), []).append(head.top1)
                if head.num_classes > 5:  # noqa: PLR2004 - of five classes or fewer, a top-5 says nothing
                    found.setdefault((name, f"test_top5 of {head.target}"), []).append(head.top5)
            for count in (count for count in heads.contradictions if count.split == "test"):
                figure = f"contradictions of {count.target} and {count.group_target}"
                found.setdefault((name, figure), []).append(count.share)
    return {key: summarise(values) for key, values in found.items()}


def _ensembled(
    store: Store, study: StudyEntry, rows: Mapping[str, Sequence[RunRow]]
) -> dict[tuple[str, str], Stat]:
    """Summarise the stored ensembles of a study's own runs, as its rule combines them, over the seeds."""
    if study.ensemble is None:
        return {}
    wanted = {frozenset(ids) for ids in members_by_seed(study.ensemble, rows).values()}
    found = [
        made.test.top1
        for made in (store.ensembles.list() if wanted else ())
        if made.rule == study.ensemble.rule and frozenset(member.run_id for member in made.members) in wanted
    ]
    return {(study.ensemble.name, "test_top1"): summarise(found)}


def _of_the_last(ids: Sequence[str], rows: Mapping[str, RunRow]) -> list[RunRow]:
    """Keep the runs that differ from the one planned last in nothing but their seed."""
    last = rows[ids[-1]].group_id
    return sorted((rows[i] for i in set(ids) if rows[i].group_id == last), key=lambda row: row.seed)


def _transferred(
    store: Store, study: StudyEntry, rows: Mapping[str, Sequence[RunRow]]
) -> dict[tuple[str, str], Stat]:
    """Summarise what a study's run measured on its other dataset, by the map as it is written, over the seeds."""
    if study.transfer is None:
        return {}
    target = next(run.target for run in study.runs if run.name == study.transfer.run)
    found: dict[str, list[float | None]] = {}
    for row in rows.get(study.transfer.run, ()):
        made = [one for one in store.transfers.of_run(row.run_id) if one.dataset == study.transfer.dataset]
        names = dict(zip(row.target.split("+"), target.split("+"), strict=False))
        for head in made[-1].headline if made else ():
            name = names.get(head["target"]) or head["target"]
            if head["reading"] == PRINTED:
                found.setdefault(f"{name}_top1", []).append(head["top1"])
                found.setdefault(f"{name}_top5", []).append(head["top5"])
                found.setdefault(f"{name}_correct confidence", []).append(head["confidence_right"])
                found.setdefault(f"{name}_incorrect confidence", []).append(head["confidence_wrong"])
    return {(TRANSFER, figure): summarise(values) for figure, values in found.items()}
