"""The frozen pass: what stands before a sweep's frontiers, computed once for every image and kept."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from bench.classifier import Classifier
from bench.conditions import Conditions
from bench.cpus import available_cpus
from bench.data.loading import ordered_batches
from bench.data.raw import OfficialSplit
from bench.data.transforms import Augment, eval_transform, normalize
from bench.device import frozen_batch, one_thread
from bench.errors import BenchError
from bench.peak_memory import PeakMemory
from bench.random_keys import view_key
from bench.spec import RunSpec, digest
from bench.train.backends import prepare
from bench.train.backends.base import Compute
from bench.train.cache import Array
from bench.train.filling import TooLargeError, Writing, writing
from bench.train.frontier import Dissected
from bench.train.hooks import Hooks, StoppedError
from bench.train.wanted import Wanted, view_name
from bench.train.workbench import Workbench

View = tuple[tuple[str, ...], int]
"""An augmentation, and which of its views."""


@dataclass
class Spent:
    """Where a pass's seconds went: waiting for images, computing them as they are, and each augmented view."""

    waiting: float = 0.0
    plain: float = 0.0
    views: defaultdict[View, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def total(self) -> float:
        """Seconds of the whole pass."""
        return self.waiting + self.plain + sum(self.views.values())


class FrozenPass:
    """One pass over every image of a dataset that fills several entries."""

    def __init__(
        self,
        spec: RunSpec,
        model: Classifier,
        dissected: Dissected,
        wanted: Sequence[Wanted],
        bench: Workbench,
        hooks: Hooks,
    ) -> None:
        self.spec, self.bench, self.hooks, self.wanted = spec, bench, hooks, wanted
        self.cuts = list({w.cut.digest: w.cut for w in wanted}.values())
        self.frozen = dissected.frozen(self.cuts, model)
        self.spent, self.done, self.memory = Spent(), 0, PeakMemory(bench.device)
        self._compute: Compute | None = None

    def run(self) -> None:
        """Compute and keep; nothing, where neither disk nor memory has room for the first entry."""
        mark, cpu = self.bench.gauge.mark(), time.process_time()
        with self.memory, writing(self.bench.cache, [(w.label, w.layout) for w in self.wanted]) as opened:
            if self.wanted[0].label.key not in opened:
                return
            for split in self.bench.dataset.manifest.splits:
                self._split(split, [w for w in self.wanted if w.label.key in opened], opened)
            pass_key = digest(sorted(opened), "pass")
            under = self.bench.gauge.since(mark, time.process_time() - cpu)
            for each in self.wanted:
                if each.label.key in opened:
                    self._seal(opened[each.label.key], self._alone(each), pass_key, under)

    def _seal(self, filled: Writing, alone_s: float, pass_key: str, under: Conditions) -> None:
        entry = filled.finish(self.spent.total, alone_s, pass_key, under, peak=self.memory.bytes)
        if filled.folder is None:
            self.bench.cache.hold(filled.label.key, entry)
            self.hooks.note(
                f"{self.bench.cache.folder} takes no {entry.made.bytes / 1e6:,.1f} MB: "
                f"{filled.label.backbone}, {filled.label.frontier}, is held in memory, for this command alone."
            )

    def _alone(self, wanted: Wanted) -> float:
        """Estimate what the pass would have taken for one entry alone.

        All the waiting; of the images as they are and of the views it keeps, its cut's share of the computing.
        """
        views = (self.spent.views[wanted.augment, view] for view in range(wanted.views))
        most = max(c.once for c in self.cuts) or 1
        return self.spent.waiting + (self.spent.plain + sum(views)) * wanted.cut.once / most

    def _split(self, split: OfficialSplit, wanted: Sequence[Wanted], opened: dict[str, Writing]) -> None:
        at, views = 0, self._views(wanted) if split == "train" else {}
        for raw in self._timed(self._images(split)):
            start = time.perf_counter()
            kept = self._computed(raw)
            for each in wanted:
                self._write(each, opened, split, at, kept)
            self.spent.plain += time.perf_counter() - start
            for (names, view), augment in views.items():
                start = time.perf_counter()
                kept = self._computed(_augmented(raw, augment, view, at))
                for each in wanted:
                    if each.augment == names and view < each.views:
                        self._write(each, opened, view_name(view), at, kept)
                self.spent.views[names, view] += time.perf_counter() - start
            at += len(raw)
            self._tell(len(raw))

    def _views(self, wanted: Sequence[Wanted]) -> dict[View, Augment]:
        """List the augmented views to compute: those of each augmentation as many as the one who wants most."""
        most = {w.augment: max(o.views for o in wanted if o.augment == w.augment) for w in wanted if w.views}
        return {
            (names, view): Augment(names, self.spec.transform)
            for names, count in most.items()
            for view in range(count)
        }

    def _images(self, split: OfficialSplit) -> Iterator[Tensor]:
        source, device = self.bench.dataset.images(split, self.spec.transform), self.bench.device
        return ordered_batches(
            source,
            range(len(source)),
            eval_transform(self.spec.transform),
            frozen_batch(device),
            workers=available_cpus(),
        )

    def _timed(self, batches: Iterator[Tensor]) -> Iterator[Tensor]:
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            self.spent.waiting += time.perf_counter() - start
            if batch is None:
                return
            yield batch

    def _computed(self, raw: Tensor) -> dict[str, list[Array]]:
        """Compute what every cut keeps of a batch, by the cut's digest, as it lies on disk."""
        device = self.bench.device
        images = normalize(raw, self.spec.transform, device=device)
        if self._compute is None:
            name, precision = self.spec.backend, self.spec.precision
            self._compute = prepare(name, self.frozen, images, device=device, precision=precision)
        tensors = iter(self._compute(images))
        return {
            cut.digest: [_as_array(next(tensors), channels_last=last) for last in cut.channels_last]
            for cut in self.cuts
        }

    def _write(
        self, each: Wanted, opened: dict[str, Writing], part: str, at: int, kept: dict[str, list[Array]]
    ) -> None:
        """Keep a batch; what another run wants and is too large is left for that run to fail with."""
        try:
            if each.label.key in opened:
                opened[each.label.key].write(part, at, kept[each.cut.digest])
        except TooLargeError:
            if each is self.wanted[0]:
                raise _too_large(self.spec) from None
            del opened[each.label.key]

    def _tell(self, images: int) -> None:
        self.done += images
        self.hooks.features(self.done, sum(len(part.ids) for part in self.bench.dataset.manifest.splits.values()))
        if self.hooks.stop():
            raise StoppedError("Stopped.", "During the frozen pass.", "Start it again; the pass starts anew.")


def _augmented(raw: Tensor, augment: Augment, view: int, at: int) -> Tensor:
    """Augment a batch whose first image is the `at`-th of the official split."""
    with one_thread():
        return torch.stack([augment(image, view_key(view, at + i)) for i, image in enumerate(raw)])


def _as_array(tensor: Tensor, *, channels_last: bool) -> Array:
    moved = tensor.movedim(1, -1) if channels_last else tensor
    array: Array = np.ascontiguousarray(moved.float().cpu().numpy())
    return array


def _too_large(spec: RunSpec) -> BenchError:
    return BenchError(
        f"Activations of {spec.backbone.name} are too large for {spec.kept}.",
        "Half precision ends at 65,504.",
        "Keep them as fp32: --cache-dtype fp32.",
    )
