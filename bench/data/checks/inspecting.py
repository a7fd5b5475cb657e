"""Reads every image of a split once, for its SHA-256 and for what its file holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bench.data.checks.check import SplitFacts
from bench.data.images.image_facts import inspect_image
from bench.data.images.in_threads import in_threads
from bench.data.progress import Progress
from bench.data.raw import ImageSource, RawSplit
from bench.records.image_facts import PixelCounts

_FILES_AT_ONCE, _ROWS_AT_ONCE = 8, 256


def inspect_split(part: RawSplit, doing: str, progress: Progress | None) -> tuple[tuple[str, ...], SplitFacts]:
    """Return the SHA-256 of each image's content, and the facts of its files; an array's rows have none."""
    source, total = part.source, len(part.ids)
    step = _FILES_AT_ONCE if source.encoded else _ROWS_AT_ONCE
    digests: list[str] = []
    damaged: dict[str, str] = {}
    pixels = PixelCounts()

    def read_some(start: int) -> tuple[list[str], SplitFacts]:
        return _read(source, part.ids, range(start, min(start + step, total)))

    for some, facts in in_threads(read_some, range(0, total, step)):
        digests += some
        damaged |= facts.damaged
        pixels += facts.pixels
        if progress:
            progress(doing, len(digests), total)
    return tuple(digests), SplitFacts(damaged=damaged, pixels=pixels)


def _read(source: ImageSource, ids: Sequence[str], chosen: range) -> tuple[list[str], SplitFacts]:
    digests, facts = [], []
    for index in chosen:
        content = source.content(index)
        digests.append(hashlib.sha256(content).hexdigest())
        if source.encoded:
            facts.append(inspect_image(content, ids[index]))
    return digests, SplitFacts.of(ids[chosen.start : chosen.stop], facts) if facts else SplitFacts()
