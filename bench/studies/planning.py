"""From a study to the planner's requests: the recipe of each run, its data, and what stands in for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bench.data.finding import Source
from bench.data.manifest import ManifestHeader
from bench.errors import BackboneError, BenchError, BudgetError, DataError, unknown_name
from bench.plan.backbones import choose
from bench.plan.budget import parse_budget
from bench.plan.count import Progress
from bench.plan.enumerate import Plan, Request, make_plan
from bench.plan.recipes import for_strategy
from bench.plan.request import dataset_spec
from bench.plan.variants import Variant
from bench.records.image_facts import UNSEEN
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry, StudyRunEntry
from bench.spec import DatasetSpec, RecipeSpec
from bench.studies.changes import Changes, changes_of, renamed


@dataclass(frozen=True)
class Place:
    """Where a study runs: the dataset of its own, the one that is taken, and what is known of that one's files."""

    own: DatasetEntry
    taken: DatasetEntry
    header: ManifestHeader | None = None

    @property
    def classes(self) -> Mapping[str, int]:
        """The classes under each target of the dataset that is taken; the first target is the default."""
        return self.header.classes if self.header else self.taken.targets or {"label": self.taken.num_classes}

    @property
    def images(self) -> Mapping[str, int]:
        """The number of images of each official split of the dataset that is taken."""
        return self.source.images

    @property
    def source(self) -> Source:
        """The dataset that is taken."""
        return Source(self.taken, self.header)


def chosen(study: StudyEntry, names: Sequence[str]) -> list[StudyRunEntry]:
    """Choose runs by name, in the study's order; all without a name. An unknown one lists the valid ones."""
    known = [run.name for run in study.runs]
    for name in names:
        if name not in known:
            raise unknown_name(f"run of the study {study.name}", name, known, BenchError)
    return [run for run in study.runs if not names or run.name in names]


def check_names(registry: Registry, study: StudyEntry, names: Sequence[str], changes: Changes) -> None:
    """Look up every run, backbone, recipe key and part that is asked for, before anything is fetched.

    Raises BenchError for the first that does not exist.
    """
    changes = changes_of(study, changes)
    for run in chosen(study, names):
        choose(registry, [changes.backbone(run.backbone)])
        for variant in changes.variants():
            for_strategy(_own_recipe(study, run), run.strategy, recipe_of(study, run, changes, variant))


def recipe_of(
    study: StudyEntry, run: StudyRunEntry, changes: Changes, variant: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the recipe keys that a run sets: the study's, over them the run's, over all what is changed.

    What is assumed counts where neither level states it. `variant` is one of `Changes.variants`.
    """
    merged: dict[str, Any] = {}
    for assumed, stated in ((study.assumed, study.recipe), (run.assumed, run.recipe)):
        level = {key: value for key, value in assumed.items() if key in RecipeSpec.model_fields}
        for key, value in stated.model_dump(exclude_unset=True).items():
            nested = isinstance(value, dict) and isinstance(level.get(key), dict)
            level[key] = {**level[key], **value} if nested else value
        merged |= level
    return {**merged, **changes.overrides(variant)}


def plan_run(
    registry: Registry,
    study: StudyEntry,
    run: StudyRunEntry,
    changes: Changes,
    place: Place,
    *,
    variant: Mapping[str, Any] | None = None,
    seeds: int = 1,
    kept: Literal["fp32", "fp16"] = "fp32",
    progress: Progress | None = None,
) -> Plan:
    """Plan one run of a study, as a sweep of the same spec would; `variant` is one of `Changes.variants`.

    Raises BenchError where it cannot be made.
    """
    name = changes.backbone(run.backbone)
    candidates = choose(registry, [name])
    if len(candidates) != 1:
        raise BackboneError(
            f"{name!r} names {len(candidates)} backbones.",
            f"One runs in the place of {run.backbone}.",
            "Name it in full.",
        )
    recipe = recipe_of(study, run, changes, variant)
    request = Request(
        dataset=data_of(study, run, changes, place),
        entry=place.taken,
        candidates=candidates,
        strategies=[run.strategy],
        variants=[Variant(_own_recipe(study, run), recipe, variant or {})],
        budget=parse_budget(study.budget),
        seeds=range(seeds),
        explicit=True,
        kept=kept,
        pixels=place.header.pixels if place.header else UNSEEN,
        features="kept" if run.cache else "recomputed",
    )
    plan = make_plan(request, progress)
    if not plan.choices:
        others = ",".join(other.name for other in study.runs if other.name != run.name)
        raise BudgetError(
            f"The run {run.name} of {study.name} cannot be made with {candidates[0].spec.name}.",
            f"{'; '.join(rejected.reason for rejected in plan.rejected)}.",
            f"Take another --backbone, or leave the run out: --runs {others}.",
        )
    return plan


def _own_recipe(study: StudyEntry, run: StudyRunEntry) -> RecipeEntry:
    return RecipeEntry(name=f"{study.name}/{run.name}")


def data_of(study: StudyEntry, run: StudyRunEntry, changes: Changes, place: Place) -> DatasetSpec:
    """Say how a run sees the dataset: the study's split, the target, the part of it."""
    fraction = study.val_fraction
    entry = place.taken if fraction is None else place.taken.model_copy(update={"val_fraction": fraction})
    target = _target(run, changes, place)
    try:
        dataset_spec(entry, target, place.header)
    except DataError as error:
        raise DataError(
            f"The run {run.name} trains labels that {place.taken.name} does not have.",
            f"It trains {run.target}. {error.what} {error.why}",
            f"Say which stand in with {_to_rename(run, changes, place)}, or leave the run out with --runs.",
        ) from error
    return dataset_spec(entry, target, place.header, _subset(run, changes, place))


def _target(run: StudyRunEntry, changes: Changes, place: Place) -> str | None:
    """Find the labels that a run trains: of the same name, as `--target` renames them, or the first of both."""
    if not run.target:
        return None
    return "+".join(_stand_ins(run, changes, place).values())


def _stand_ins(run: StudyRunEntry, changes: Changes, place: Place) -> dict[str, str]:
    """Return what is trained in the place of each target of a run."""
    first_of_own, first = next(iter(place.own.targets), ""), next(iter(place.classes))
    names = dict(map(renamed, changes.targets))
    return {t: names.get(t) or (first if t == first_of_own else t) for t in run.target.split("+")}


def _to_rename(run: StudyRunEntry, changes: Changes, place: Place) -> str:
    """Write the options that would rename the targets that the dataset does not have, or else all of them."""
    stand_ins, known = _stand_ins(run, changes, place), {*place.classes, *place.taken.groups}
    missing = [old for old, new in stand_ins.items() if new not in known]
    return " ".join(f"--target {old}=NEW" for old in missing or stand_ins)


def _subset(run: StudyRunEntry, changes: Changes, place: Place) -> str | None:
    """Take the part that is asked for, else the run's own; on another dataset as large a share of train."""
    if changes.subset or not run.dataset_subset:
        return changes.subset or None
    there, own = place.images.get("train"), place.own.counts.get("train")
    if place.taken.name == place.own.name or not there or not own:
        return str(run.dataset_subset)
    share = there / own
    scaled = {split: max(1, int(count * share)) for split, count in run.dataset_subset.counts.items()}
    return ",".join(f"{split}={count}" for split, count in scaled.items())
