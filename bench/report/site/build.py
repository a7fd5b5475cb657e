"""The site, put together: the report's own page, a page for each chosen run, and what leads between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench.data.checks.known_checks import FindCheck
from bench.report.board.overlaps import Overlaps
from bench.report.board.query import Query
from bench.report.board.tables import Published
from bench.report.build import make_report
from bench.report.look.look import FindNames
from bench.report.site.chosen import PAGES, choose_runs
from bench.report.site.compare import write_compare
from bench.report.site.folder import SiteFolder
from bench.report.site.material import LINKS, OVERVIEW, FindImages, Material
from bench.report.site.methods import write_methods
from bench.report.site.overview import write_overview
from bench.report.site.publish import building, publish
from bench.report.site.runs import write_runs
from bench.report.site.shell import Made
from bench.report.site.sweeps import write_sweeps
from bench.store.store import Store

DEFAULT_FOLDER = Path("reports/report")

PARTS = (write_methods, write_sweeps, write_runs, write_compare, write_overview)
"""What writes the pages, in this order: the comparison loads what the pages of runs do."""

Progress = Callable[[int, int], None]
"""Hears of how many pages of runs are written, and of how many there will be."""


@dataclass(frozen=True)
class Wanted:
    """What a site is asked to show. Of `pages` runs it has a page, None means of all."""

    find_names: FindNames
    find_images: FindImages
    title: str = ""
    query: Query = field(default_factory=Query)
    overlaps: Overlaps = field(default_factory=dict)
    published: Sequence[Published] = ()
    pages: int | None = PAGES
    version: str = ""
    command: str = ""
    find_check: FindCheck = lambda *_: None


def write_site(store: Store, folder: Path, wanted: Wanted, progress: Progress | None = None) -> Path:
    """Write a site into a folder, and return its first page.

    Until all of it is written, and if that ends early, the folder holds the earlier site. Raises BenchError where
    the folder cannot be written, or holds anything else than a site.
    """
    build_site(store, folder, wanted, progress)
    return folder / OVERVIEW


def build_site(store: Store, folder: Path, wanted: Wanted, progress: Progress | None = None) -> frozenset[str]:
    """Write a site as `write_site` does; return the files that it changed."""
    with building(folder) as place:
        report = make_report(
            store, title=wanted.title, query=wanted.query, overlaps=wanted.overlaps, published=wanted.published
        )
        runs = choose_runs(report, wanted.pages)
        heard = _counted(progress, len(runs))
        material = Material(store, report, wanted.find_names, wanted.find_images, runs, heard, wanted.find_check)
        site = SiteFolder(place, LINKS, Made(report.made, wanted.version, wanted.command), earlier=folder)
        for write in PARTS:
            write(site, material)
        site.finish()
        return publish(place, folder)


def _counted(progress: Progress | None, total: int) -> Callable[[], None]:
    """Count the pages of runs for who wants to hear of them."""
    done = count(1)
    return (lambda: progress(next(done), total)) if progress else (lambda: None)
