"""Train, val and test as three different types, so that what may choose and what may only report never mix.

Where a dataset has no validation split, val is a stratified `val_fraction` of `train`. Of each class those samples
go to val whose SHA-256 of (split seed, id) is smallest, so the cut depends on ids and labels alone, never on a
library's random numbers. It is made by the dataset's default target whatever target is trained on, so that every
run and every member of an ensemble shares it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.data.checks.check import OfficialSplit
from bench.data.manifest import Manifest
from bench.data.stratify import fraction_of, stratified
from bench.errors import DataError, unknown_name
from bench.spec import samples_digest

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Some samples of one official split, in its order: `indices` into it, their ids, their labels (int64).

    `labels` are (N,), or (N, targets) where there are several; `classes` then says how many each target has.
    """

    official: OfficialSplit
    indices: Indices
    ids: tuple[str, ...]
    labels: Indices
    classes: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of ids and labels: equal digests, same samples in the same order."""
        return samples_digest(self.ids, self.labels)


class TrainSplit(Split):
    """Samples that train."""


class ValSplit(Split):
    """Samples that choose: epochs, hyper-parameters, ranks."""


class TestSplit(Split):
    """Samples that only report; nothing that selects accepts them."""

    __test__ = False  # not a pytest class


@dataclass(frozen=True)
class Splits:
    """What one run trains on, chooses by and reports."""

    train: TrainSplit
    val: ValSplit
    test: TestSplit


def split(
    manifest: Manifest,
    target: str,
    val_fraction: float,
    split_seed: int,
    subset: Mapping[str, int] | None = None,
) -> Splits:
    """Cut a dataset into train, val and test, with labels under `target`, or under several joined with `+`.

    `subset` takes a stratified part with exactly so many samples of `train` or `val`: val from the front of each
    class's order, train from its back. Every class keeps a training sample, or DataError is raised.
    """
    targets = target.split("+")
    manifest.count_classes(targets)
    subset = dict(subset or {})
    for name in subset.keys() - {"train", "val"}:
        raise unknown_name("split to take a part of", name, ["train", "val"], DataError)
    everything = np.arange(len(manifest.splits["train"].ids))
    train_labels = _default_labels(manifest, "train")
    if "val" in manifest.splits:
        val_from: OfficialSplit = "val"
        val, rest = _part_of_val(manifest, subset.get("val"), split_seed), everything
    else:
        val_from = "train"
        wanted = subset.get("val", fraction_of(len(everything), val_fraction))
        ids = manifest.splits["train"].ids
        val = stratified(ids, train_labels, wanted, seed=split_seed, keep=1)
        rest = np.setdiff1d(everything, val)
    train = _part_of_train(manifest, rest, subset.get("train"), split_seed)
    test = np.arange(len(manifest.splits["test"].ids))
    return Splits(
        train=TrainSplit("train", *_rows(manifest, "train", train, targets)),
        val=ValSplit(val_from, *_rows(manifest, val_from, val, targets)),
        test=TestSplit("test", *_rows(manifest, "test", test, targets)),
    )


def _part_of_val(manifest: Manifest, wanted: int | None, seed: int) -> Indices:
    part = manifest.splits["val"]
    if wanted is None:
        return np.arange(len(part.ids))
    return stratified(part.ids, _default_labels(manifest, "val"), wanted, seed=seed)


def _part_of_train(manifest: Manifest, rest: Indices, wanted: int | None, seed: int) -> Indices:
    """Take `wanted` of the samples that val left, from the back of each class's order."""
    if wanted is None:
        return rest
    ids, labels = manifest.splits["train"].ids, _default_labels(manifest, "train")[rest]
    left_out = stratified([ids[i] for i in rest], labels, len(rest) - wanted, seed=seed, keep=1)
    return np.delete(rest, left_out)


def _default_labels(manifest: Manifest, name: OfficialSplit) -> Indices:
    return manifest.labels(name, manifest.default_target)


def _rows(
    manifest: Manifest, name: OfficialSplit, indices: Indices, targets: Sequence[str]
) -> tuple[Indices, tuple[str, ...], Indices, tuple[int, ...]]:
    ids = manifest.splits[name].ids
    labels = [manifest.labels(name, target)[indices] for target in targets]
    several = len(targets) > 1
    return (
        indices.astype(np.int64),
        tuple(ids[i] for i in indices),
        np.stack(labels, axis=1) if several else labels[0],
        manifest.count_classes(targets) if several else (),
    )
