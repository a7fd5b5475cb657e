"""Count parameters and MACs on the meta device, for any strategy, and keep the counts.

MACs are those of convolutions, linear layers and matrix products with attention unfused, of one image; nothing
else counts (half of what torch's FlopCounterMode says). `train_macs` is `bench.models.trace.Trace.train_macs`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from multiprocessing import get_context
from typing import Any

from bench.disk.atomic import write_text
from bench.disk.home import bench_home
from bench.errors import BenchError
from bench.hardware.cpus import available_cpus
from bench.models.head import plan_head
from bench.records.runs import Counts
from bench.spec import BackboneSpec

COUNTING = 4
"""Raised when the same model would be counted differently, so that kept counts are thrown away."""

PARALLEL_FROM = 24
"""From this many backbones on, a second process pays for its start."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class BackboneCounts:
    """A backbone without its head: parameters, MACs, feature width, number of blocks.

    `strategies` maps a strategy to (trainable parameters, training MACs, MACs that may be computed once), or to
    the reason why it is impossible; `error` says why the backbone cannot be built at all.
    """

    params: int = 0
    macs: int = 0
    features: int = 0
    blocks: int = 0
    strategies: dict[str, tuple[int, int, int] | str] | None = None
    error: str = ""


def count_backbone(name: str, image_size: int, strategies: Sequence[str]) -> BackboneCounts:
    """Build `library/architecture` on the meta device, trace one image, and count under every strategy."""
    from bench.models.classifier import bare_on_meta  # noqa: PLC0415 - torch is slow to import; kept counts need none
    from bench.strategies import apply  # noqa: PLC0415 - the same

    library, _, architecture = name.partition("/")
    try:
        spec = BackboneSpec.model_validate({"library": library, "architecture": architecture})
        model, seen = bare_on_meta(spec, image_size)
    except BenchError as error:
        return BackboneCounts(error=f"{error.what} {error.why}")
    except Exception as error:  # noqa: BLE001 - an architecture that breaks is listed with why, never dropped
        return BackboneCounts(error=f"{type(error).__name__}: {error}".splitlines()[0])
    sizes = {n: p.numel() for n, p in model.backbone.named_parameters()}
    counted: dict[str, tuple[int, int, int] | str] = {}
    for strategy in strategies:
        try:
            trainable = apply(model, strategy).trainable_backbone
            params = sum(sizes[n] for n in trainable)
            counted[strategy] = (params, seen.train_macs(trainable), seen.frozen_macs(trainable))
        except BenchError as error:
            counted[strategy] = f"{error.what} {error.why}"
    return BackboneCounts(sum(sizes.values()), seen.macs, seen.shape[-1], len(model.anatomy.blocks), counted)


def with_head(counts: BackboneCounts, strategy: str, layers: Sequence[str], classes: int) -> Counts | str:
    """Add a head, which always trains, to a backbone's counts; the reason instead where there are none."""
    counted = counts.error or (counts.strategies or {})[strategy]
    if isinstance(counted, str):
        return counted
    trainable, train_macs, frozen_macs = counted
    head = plan_head(layers, counts.features, classes)
    params = sum(layer.params for layer in head)
    reached = trainable > 0
    for layer in head:
        train_macs += layer.macs * (3 if reached else 2)
        reached = reached or layer.params > 0
    return Counts(
        total_params=counts.params + params,
        trainable_params=trainable + params,
        trainable_backbone_params=trainable,
        gmacs=(counts.macs + sum(layer.macs for layer in head)) / 1e9,
        train_gmacs=train_macs / 1e9,
        frozen_gmacs=frozen_macs / 1e9,
    )


def count_all(
    wanted: Iterable[tuple[str, int]], strategies: Sequence[str], progress: Progress | None = None
) -> dict[tuple[str, int], BackboneCounts]:
    """Count (backbone, image size) pairs under every strategy, from the kept counts where they are known.

    `progress(done, of, name)` hears of each pair that had to be counted.
    """
    kept = KeptCounts()
    pairs = list(dict.fromkeys(wanted))
    missing = [pair for pair in pairs if not kept.covers(pair, strategies)]
    try:
        for done, (pair, counts) in enumerate(_count_each(missing, strategies), start=1):
            kept.add(pair, counts)
            if progress is not None:
                progress(done, len(missing), pair[0])
    finally:
        if missing:
            kept.save()
    return {pair: kept.counts[pair] for pair in pairs}


def _count_each(
    pairs: Sequence[tuple[str, int]], strategies: Sequence[str]
) -> Iterator[tuple[tuple[str, int], BackboneCounts]]:
    workers = min(available_cpus(), 8)
    if len(pairs) < PARALLEL_FROM or workers == 1:
        for pair in pairs:
            yield pair, count_backbone(*pair, strategies)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        futures = {pool.submit(count_backbone, *pair, strategies): pair for pair in pairs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class KeptCounts:
    """Counts kept in `$BENCH_HOME/counts`, one file for each set of library versions."""

    def __init__(self) -> None:
        libraries = "_".join(f"{name}-{version(name)}" for name in ("timm", "torchvision", "torch"))
        self.path = bench_home() / "counts" / f"{libraries}_{COUNTING}.json"
        self.counts = self._read()

    def covers(self, pair: tuple[str, int], strategies: Sequence[str]) -> bool:
        """Say whether a pair is known under all these strategies, or known to be impossible."""
        counts = self.counts.get(pair)
        return counts is not None and (bool(counts.error) or set(strategies) <= (counts.strategies or {}).keys())

    def add(self, pair: tuple[str, int], counts: BackboneCounts) -> None:
        """Add what was counted, beside what is known of the pair under other strategies."""
        known = self.counts.get(pair)
        merged = {**((known.strategies if known else None) or {}), **(counts.strategies or {})}
        self.counts[pair] = replace(counts, strategies=merged)

    def save(self) -> None:
        """Write the counts, with what another process has added meanwhile."""
        for pair, counts in self._read().items():
            self.add(pair, counts) if pair in self.counts else self.counts.setdefault(pair, counts)
        rows = {f"{name}@{size}": asdict(counts) for (name, size), counts in self.counts.items()}
        write_text(self.path, json.dumps(rows, separators=(",", ":")), best_effort=True)

    def _read(self) -> dict[tuple[str, int], BackboneCounts]:
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))
            return {_pair(key): _counts(row) for key, row in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            return {}


def _pair(key: str) -> tuple[str, int]:
    name, _, size = key.rpartition("@")
    return name, int(size)


def _counts(row: dict[str, Any]) -> BackboneCounts:
    strategies = {
        s: v if isinstance(v, str) else (v[0], v[1], v[2]) for s, v in (row.pop("strategies") or {}).items()
    }
    return BackboneCounts(**row, strategies=strategies)
