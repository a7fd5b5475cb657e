"""Which class of one target contains each class of another, as a dataset's own labels show it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.data.manifest import Manifest
from bench.transfer.label_lookup import Classes

Groups = Mapping[tuple[str, str], Mapping[int, int]]
"""(target, coarser target) -> its classes, by position -> the class of the coarser target that contains each."""


def known_groups(manifest: Manifest | None) -> Groups:
    """Find every pair of a dataset's targets of which one only groups the classes of the other."""
    if manifest is None:
        return {}
    labels = {target: np.asarray(manifest.splits["train"].labels[target]) for target in manifest.classes}
    found = {}
    for one, fine in labels.items():
        for other, coarse in labels.items():
            pairs = np.unique(np.stack([fine, coarse]), axis=1)
            if one != other and pairs.shape[1] == len(manifest.classes[one]) == len(np.unique(pairs[0])):
                found[one, other] = {int(a): int(b) for a, b in pairs.T}
    return found


def of_the_run(manifest: Manifest | None, classes: Classes) -> Manifest | None:
    """Return the manifest of a run's dataset, unless it has other classes than the run (target -> names)."""
    if manifest is None or any(manifest.classes.get(target, names) != names for target, names in classes.items()):
        return None
    return manifest


def meanings(classes: Classes, manifest: Manifest | None) -> dict[str, tuple[str, ...]]:
    """List the targets that a map may speak of: a run's own, then those of its dataset that one of them groups."""
    finer = {one for one, other in known_groups(manifest) if other in classes}
    others = manifest.classes.items() if manifest else ()
    return {**classes, **{target: names for target, names in others if target in finer}}


def through(reading: Mapping[int, int], groups: Groups, one: str, other: str) -> dict[int, int] | None:
    """Lead a map to classes of the target `one` on to those of `other`; None where nothing leads there."""
    if one == other:
        return dict(reading)
    if (one, other) not in groups:
        return None
    return {theirs: groups[one, other][ours] for theirs, ours in reading.items()}
