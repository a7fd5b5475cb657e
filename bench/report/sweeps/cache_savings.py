"""What keeping frozen activations saved the runs of a sweep: passes made, and passes not made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.store.rows import PassRead, RunRow


@dataclass(frozen=True)
class PassUse:
    """One frozen pass over a dataset's images, and what its readers would have paid without each other.

    `seconds` is what it took, once; `alone_s` the sum of what each of its `runs` would have taken for its own
    frontier and views alone, and `alone_images` how many images they would have computed. `bytes` is what it keeps
    at the frontiers that these runs read.
    """

    backbone: str
    dataset: str
    hardware: str
    images: int
    bytes: int
    seconds: float
    created_at: float
    runs: tuple[str, ...]
    alone_s: float
    alone_images: int

    @property
    def saved_s(self) -> float:
        """Seconds that sharing the pass saved; negative where it kept more than its readers have needed yet."""
        return self.alone_s - self.seconds


@dataclass(frozen=True)
class Saved:
    """Sums over the passes that one hardware made: never over several, whose seconds do not compare."""

    hardware: str
    passes: tuple[PassUse, ...]

    @property
    def paid_s(self) -> float:
        """Seconds of the passes, each once."""
        return sum(one.seconds for one in self.passes)

    @property
    def alone_s(self) -> float:
        """Seconds of passes if every run had made its own."""
        return sum(one.alone_s for one in self.passes)

    @property
    def saved_s(self) -> float:
        """What sharing saved."""
        return self.alone_s - self.paid_s

    @property
    def reads(self) -> int:
        """How many runs read the passes, each pass on its own."""
        return sum(len(one.runs) for one in self.passes)

    @property
    def images_made(self) -> int:
        """Images that went through a frozen part."""
        return sum(one.images for one in self.passes)

    @property
    def images_spared(self) -> int:
        """Images more that would have gone through one, had every run computed what it reads by itself."""
        return sum(max(0, one.alone_images - one.images) for one in self.passes)

    def made_before(self, moment: float) -> float:
        """Return the seconds of the passes that were recorded before a moment."""
        return sum(one.seconds for one in self.passes if one.created_at < moment)


def savings(reads: Iterable[PassRead], rows: Mapping[str, RunRow]) -> list[Saved]:
    """Hold what passes cost against what runs would have paid alone, by hardware, the largest saving first.

    `rows` are the runs that count, by id; a pass that the database has not seen is left out (`unseen`).
    """
    passes: dict[tuple[str, str], list[PassRead]] = defaultdict(list)
    for read in reads:
        if read.pass_key is not None and read.hardware is not None and read.run_id in rows:
            passes[read.pass_key, read.hardware].append(read)
    uses = [_use(own, rows) for own in passes.values()]
    found = [
        Saved(name, tuple(use for use in uses if use.hardware == name))
        for name in dict.fromkeys(use.hardware for use in uses)
    ]
    return sorted(found, key=lambda one: -one.saved_s)


def unseen(reads: Iterable[PassRead], rows: Mapping[str, RunRow]) -> int:
    """Count the runs that read what another database's sweep had kept: what it cost is not known here."""
    return len({read.run_id for read in reads if read.pass_key is None and read.run_id in rows})


def images_every_epoch(reads: Iterable[PassRead], rows: Mapping[str, RunRow]) -> int:
    """Count the training and validation images that the readers' epochs would have computed without any cache."""
    runs = [rows[run_id] for run_id in {read.run_id for read in reads} if run_id in rows]
    return sum((row.epochs or 0) * ((row.train_n or 0) + (row.val_n or 0)) for row in runs)


def _use(reads: list[PassRead], rows: Mapping[str, RunRow]) -> PassUse:
    one, runs = reads[0], tuple(dict.fromkeys(read.run_id for read in reads))
    kept = {read.key: read.bytes or 0 for read in reads}
    images: dict[str, int] = {}
    for read in reads:
        images[read.run_id] = max(read.images or 0, images.get(read.run_id, 0))
    return PassUse(
        backbone=one.backbone or "",
        dataset=one.dataset or "",
        hardware=one.hardware or "",
        images=max(images.values()),
        bytes=sum(kept.values()),
        seconds=max(read.seconds or 0.0 for read in reads),
        created_at=min(read.created_at or 0.0 for read in reads),
        runs=runs,
        alone_s=sum(rows[run_id].feature_s or 0.0 for run_id in runs),
        alone_images=sum(images.values()),
    )
