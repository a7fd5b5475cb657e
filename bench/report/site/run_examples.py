"""The test images that a run gets wrong, surest first, with their thumbnails where there are images."""

from __future__ import annotations

from dataclasses import dataclass

from bench.records.predictions import TestPredictions
from bench.report.look.look import Head
from bench.report.look.mistakes import Judged, choose, judge, summary
from bench.report.site.image_sets import ImageSet

MOST = 24
"""How many images a page shows of each head; `bench mistakes` shows more."""


@dataclass(frozen=True)
class Example:
    """One image: what is said of it, and the place of its thumbnail in the site; None where it has none."""

    judged: Judged
    path: str | None


@dataclass(frozen=True)
class Examples:
    """What one head gets wrong. `told` says it in words; `pictured` whether the dataset's images are at hand."""

    target: str
    told: str
    shown: tuple[Example, ...]
    pictured: bool


def examples(head: Head, images: ImageSet) -> Examples:
    """Choose the images that a head is most sure of and wrong about, and write their thumbnails."""
    if not isinstance(head.said, TestPredictions):
        raise TypeError("Examples are test images.")
    chosen = choose(judge(head.said, head.diagnosis.names), most=MOST, sort="confidence")
    thumbnails = images.thumbnails
    shown = tuple(Example(one, thumbnails.path(one.position) if thumbnails else None) for one in chosen.shown)
    told = summary(chosen, everything=False, sort="confidence")
    return Examples(head.target, told, shown, thumbnails is not None)
