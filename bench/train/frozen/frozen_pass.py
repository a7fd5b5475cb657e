"""The frozen pass: what stands before a sweep's frontiers, computed once for every image and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bench.data.checks.check import OfficialSplit
from bench.data.images.loading import ordered_batches
from bench.data.images.transforms import Augment, eval_transform, normalize
from bench.errors import BenchError
from bench.hardware.conditions import Conditions
from bench.hardware.cpus import available_cpus
from bench.hardware.device import frozen_batch, one_thread
from bench.hardware.peak_memory import PeakMemory
from bench.models.classifier import Classifier
from bench.random_keys import view_key
from bench.spec import RunSpec, digest
from bench.train.frozen.backends import prepare
from bench.train.frozen.backends.base import Compute
from bench.train.frozen.cache import Array
from bench.train.frozen.filling import NotFiniteError, TooLargeError, Writing, writing
from bench.train.frozen.frontier import Dissected
from bench.train.frozen.wanted import Wanted, view_name
from bench.train.hooks import Hooks, StoppedError
from bench.train.workbench import Workbench

View = tuple[tuple[str, ...], int]
"""An augmentation, and which of its views."""

Positions = npt.NDArray[np.int64]


@dataclass
class Spent:
    """Seconds of one batch: waiting for its images, computing them as they are, and each augmented view."""

    waiting: float = 0.0
    plain: float = 0.0
    views: dict[View, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Seconds of everything."""
        return self.waiting + self.plain + sum(self.views.values())


class FrozenPass:
    """One pass over the images that several entries hold; all of `wanted` have the same `rows`.

    An interrupted pass goes on after the last batch that it has kept, if the disk keeps it and has locks.
    """

    def __init__(
        self,
        spec: RunSpec,
        model: Classifier,
        dissected: Dissected,
        wanted: Sequence[Wanted],
        workbench: Workbench,
        hooks: Hooks,
    ) -> None:
        self.spec, self.workbench, self.hooks, self.wanted = spec, workbench, hooks, wanted
        self.cuts = list({w.cut.digest: w.cut for w in wanted}.values())
        self.frozen = dissected.frozen(self.cuts, model)
        self.batch_size = frozen_batch(workbench.device)
        self.spent, self.done, self.memory = Spent(), 0, PeakMemory(workbench.device)
        self.opened: dict[str, Writing] = {}
        self._took: set[str] = set()
        self._compute: Compute | None = None

    def run(self) -> None:
        """Compute and keep; nothing, where neither disk nor memory has room for the first entry."""
        entries = [(w.label, w.layout) for w in self.wanted]
        mark, cpu = self.workbench.gauge.mark(), time.process_time()
        with self.memory, writing(self.workbench.cache, entries, self._made_by()) as self.opened:
            if self.wanted[0].label.key not in self.opened:
                return
            try:
                for split in self.workbench.dataset.manifest.splits:
                    self._split(split)
            finally:
                self._mark(now=True)
            pass_key = digest(sorted(self.opened), "pass")
            under = self.workbench.gauge.since(mark, time.process_time() - cpu)
            for filled in self.opened.values():
                self._seal(filled, pass_key, under)

    def _made_by(self) -> str:
        """Return what has to be the same when a pass goes on; a key says the rest."""
        fused = [] if self.spec.backend == "eager" else sorted(cut.digest for cut in self.cuts)
        return digest([self.batch_size, fused], "pass")

    def _seal(self, filled: Writing, pass_key: str, under: Conditions) -> None:
        spent = filled.progress
        entry = filled.finish(spent.seconds, spent.alone_s, pass_key, under, peak=self.memory.bytes)
        if filled.folder is None:
            self.workbench.cache.hold(filled.label.key, entry)
            self.hooks.note(
                f"{self.workbench.cache.folder} takes no {entry.made.bytes / 1e6:,.1f} MB: "
                f"{filled.label.backbone}, {filled.label.frontier}, is held in memory, for this command alone."
            )

    def _open(self) -> list[Wanted]:
        return [w for w in self.wanted if w.label.key in self.opened]

    def _positions(self, part: str) -> Positions:
        """Return which images of an official split a part holds; views are of the same images, or of fewer."""
        rows = self.wanted[0].rows
        if rows is not None:
            return rows[part]
        split: OfficialSplit = "train" if part.startswith("train") else part  # type: ignore[assignment]
        return np.arange(len(self.workbench.dataset.manifest.splits[split].ids))

    def _split(self, split: OfficialSplit) -> None:
        positions, views = self._positions(split), self._views(self._open()) if split == "train" else {}
        starts = range(0, len(positions), self.batch_size)
        first = next((at for at in starts if self._is_lacking(split, positions, at, views)), len(positions))
        self.done += first
        left = [at for at in starts if at >= first]
        for at, raw in zip(left, self._timed(self._images(split, first)), strict=True):
            self._batch(split, at, raw, views)
            self._pay()
            self._tell(len(raw))

    def _is_lacking(self, split: str, positions: Positions, at: int, views: Mapping[View, Augment]) -> bool:
        """Whether an entry still lacks something of the batch that begins at a position."""
        parts = {split: at} | {view_name(v): self._view_rows(v, positions[at:])[0] for _, v in views}
        return any(
            self.opened[w.label.key].lacks(part, begins)
            for w in self._open()
            for part, begins in parts.items()
            if begins < w.layout.images.get(part, 0)
        )

    def _view_rows(self, view: int, positions: Positions) -> tuple[int, npt.NDArray[np.bool_]]:
        """Return the row of a view at which some images begin, and which of the images it holds."""
        held = self._positions(view_name(view))
        return int(np.searchsorted(held, positions[0])), np.isin(positions, held)

    def _batch(self, split: OfficialSplit, at: int, raw: Tensor, views: Mapping[View, Augment]) -> None:
        start = time.perf_counter()
        positions = self._positions(split)[at : at + len(raw)]
        self._keep(self._open(), split, at, lambda: raw)
        self.spent.plain += time.perf_counter() - start
        for (names, view), augment in views.items():
            start = time.perf_counter()
            row, mine = self._view_rows(view, positions)
            if mine.any():
                wanted = [w for w in self._open() if w.augment == names and view < w.views]
                augmented = partial(_augmented, raw[torch.from_numpy(mine)], augment, view, positions[mine])
                self._keep(wanted, view_name(view), row, augmented)
            self.spent.views[names, view] = time.perf_counter() - start

    def _keep(self, wanted: Sequence[Wanted], part: str, at: int, images: Callable[[], Tensor]) -> None:
        """Compute some images and write them to the entries that lack them."""
        lacking = [w for w in wanted if self.opened[w.label.key].lacks(part, at)]
        if lacking:
            kept = self._computed(images())
            for each in lacking:
                self._write(each, part, at, kept[each.cut.digest])
            self._took |= {w.label.key for w in lacking}

    def _pay(self) -> None:
        """Add a batch's seconds to the entries that lacked it: all of them, and those of the entry alone.

        Alone it has all the waiting; of the images as they are and of the views it keeps, its cut's share.
        """
        most = max(c.once for c in self.cuts) or 1
        for each in (w for w in self._open() if w.label.key in self._took):
            own = sum(self.spent.views.get((each.augment, view), 0.0) for view in range(each.views))
            alone_s = self.spent.waiting + (self.spent.plain + own) * each.cut.once / most
            self.opened[each.label.key].spend(self.spent.total, alone_s)
        self.spent, self._took = Spent(), set()

    def _views(self, wanted: Sequence[Wanted]) -> dict[View, Augment]:
        """List the augmented views to compute: those of each augmentation as many as the one who wants most."""
        most = {w.augment: max(o.views for o in wanted if o.augment == w.augment) for w in wanted if w.views}
        return {
            (names, view): Augment(names, self.spec.transform)
            for names, count in most.items()
            for view in range(count)
        }

    def _images(self, split: OfficialSplit, first: int) -> Iterator[Tensor]:
        """Decode a split's images from the `first`-th that is held on."""
        return ordered_batches(
            self.workbench.dataset.images(split, self.spec.transform),
            self._positions(split)[first:],
            eval_transform(self.spec.transform),
            self.batch_size,
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
        device = self.workbench.device
        images = normalize(raw, self.spec.transform, device=device)
        if self._compute is None:
            name, precision = self.spec.backend, self.spec.precision
            self._compute = prepare(name, self.frozen, images, device=device, precision=precision)
        tensors = iter(self._compute(images))
        return {
            cut.digest: [_as_array(next(tensors), channels_last=last) for last in cut.channels_last]
            for cut in self.cuts
        }

    def _write(self, each: Wanted, part: str, at: int, kept: list[Array]) -> None:
        """Keep a batch; what another run wants and cannot be kept is left for that run to fail with."""
        filled = self.opened[each.label.key]
        try:
            filled.write(part, at, kept)
        except (TooLargeError, NotFiniteError) as error:
            if each is not self.wanted[0]:
                filled.drop()
                del self.opened[each.label.key]
                return
            filled.drop()
            if isinstance(error, TooLargeError):
                raise _too_large(self.spec) from None
            raise self._not_finite(part, at, kept) from None

    def _not_finite(self, part: str, at: int, kept: list[Array]) -> BenchError:
        bad = ~np.logical_and.reduce([np.isfinite(t).reshape(len(t), -1).all(axis=1) for t in kept])
        split: OfficialSplit = "train" if part.startswith("train") else part  # type: ignore[assignment]
        first = self.workbench.dataset.manifest.splits[split].ids[self._positions(part)[at + int(bad.argmax())]]
        precision = self.spec.precision
        narrow = "" if precision == "fp32" else f", or {precision} is too narrow for what it computes"
        todo = "" if precision == "fp32" else "Try --set precision=fp32. "
        return BenchError(
            f"The frozen part of {self.spec.backbone.name} gives NaN or infinity.",
            f"So it does for {int(bad.sum())} of {len(bad)} images, first for {first}, in {precision} with the "
            f"backend {self.spec.backend}, before anything is trained: its weights hold such numbers{narrow}.",
            f"{todo}Check the checkpoint; another learning rate would not help.",
        )

    def _mark(self, *, now: bool = False) -> bool:
        """Make what is kept safe, if that is due or wanted `now`; whether a pass would go on from somewhere."""
        safe = [filled.mark(now=now) for filled in self.opened.values()]
        return bool(safe) and safe[0]

    def _tell(self, images: int) -> None:
        self.done += images
        parts = self.workbench.dataset.manifest.splits
        self.hooks.features(self.done, sum(len(self._positions(split)) for split in parts))
        if self._mark():
            self.hooks.moved()
        if self.hooks.stop():
            goes_on = self._mark(now=True)
            todo = "goes on where it stopped" if goes_on else "starts anew"
            raise StoppedError("Stopped.", "During the frozen pass.", f"Start it again; the pass {todo}.")


def _augmented(raw: Tensor, augment: Augment, view: int, positions: Positions) -> Tensor:
    """Augment images that lie at these positions of the official split."""
    with one_thread():
        return torch.stack([augment(i, view_key(view, int(at))) for i, at in zip(raw, positions, strict=True)])


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
