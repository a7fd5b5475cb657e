"""Which class of one target contains each class of another, as a dataset's own labels show it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from bench.data.manifest import Manifest
from bench.records.targets import group_of_each
from bench.transfer.label_lookup import Classes

Groups = Mapping[tuple[str, str], Mapping[int, int]]
"""(target, coarser target) -> its classes, by position -> the class of the coarser target that contains each."""


def known_groups(manifest: Manifest | None) -> Groups:
    """Find every pair of a dataset's targets of which one only groups the classes of the other."""
    if manifest is None:
        return {}
    found = {}
    for one, other in permutations(_targets(manifest), 2):
        labels, groups = (manifest.labels("train", target) for target in (one, other))
        containing = group_of_each(labels, groups, len(manifest.class_names(one)))
        if containing is not None:
            found[one, other] = dict(enumerate(containing.tolist()))
    return found


def of_the_run(manifest: Manifest | None, classes: Classes) -> Manifest | None:
    """Return the manifest of a run's dataset, unless it has other classes than the run (target -> names)."""
    if manifest is None:
        return None
    shared = [target for target in _targets(manifest) if target in classes]
    return manifest if all(manifest.class_names(target) == classes[target] for target in shared) else None


def meanings(classes: Classes, manifest: Manifest | None) -> dict[str, tuple[str, ...]]:
    """List the targets that a map may speak of: a run's own, then those of its dataset that one of them groups."""
    finer = {one for one, other in known_groups(manifest) if other in classes}
    if manifest is None:
        return dict(classes)
    others = {target: manifest.class_names(target) for target in _targets(manifest) if target in finer}
    return {**classes, **others}


def through(reading: Mapping[int, int], groups: Groups, one: str, other: str) -> dict[int, int] | None:
    """Lead a map to classes of the target `one` on to those of `other`; None where nothing leads there."""
    if one == other:
        return dict(reading)
    if (one, other) not in groups:
        return None
    return {theirs: groups[one, other][ours] for theirs, ours in reading.items()}


def _targets(manifest: Manifest) -> list[str]:
    return [*manifest.classes, *manifest.groups]
