"""What the pages of a site are made of, and where each page lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from bench.data.checks.known_checks import FindCheck
from bench.report.look.look import FindNames
from bench.report.pages import Report
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store

OVERVIEW, COMPARE, SWEEPS, METHODS = "index.html", "compare.html", "sweeps.html", "methods.html"
LINKS = (("Overview", OVERVIEW), ("Compare", COMPARE), ("Sweeps", SWEEPS), ("Methods", METHODS))
"""The navigation: each entry's name, which pages give as their `section`, and where it leads."""

Images = Callable[[int], Image.Image]
"""The test image at a position of the dataset's test split."""

FindImages = Callable[[StoredRun], Images | None]
"""A run -> its dataset's test images; None where they are not at hand, or are not to be shown."""


@dataclass(frozen=True)
class Material:
    """Everything that pages are made of.

    `report` is what the overview says; `detailed` are the runs that have a page of their own, best first, and
    `progress` is called after each of these pages.
    """

    store: Store
    report: Report
    find_names: FindNames
    find_images: FindImages
    detailed: Sequence[RunRow] = ()
    progress: Callable[[], None] = lambda: None
    find_check: FindCheck = lambda *_: None


def run_page(run_id: str) -> str:
    """Return where the page of a run lies."""
    return f"runs/{run_id[:16]}.html"


def run_data(run_id: str) -> str:
    """Return the key of a run's data."""
    return f"runs/{run_id[:16]}"


def sweep_page(sweep_id: int) -> str:
    """Return where the page of a sweep lies."""
    return f"sweeps/{sweep_id}.html"
