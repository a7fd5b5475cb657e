"""A page for each run that is shown in full, the data that it and the compare page draw, and the images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.inference.class_names import ClassNames
from bench.report.look.look import FindNames, look_over
from bench.report.look.page import sections
from bench.report.site.folder import SiteFolder
from bench.report.site.image_sets import ImageSets, said_record, set_data, set_record
from bench.report.site.material import Material, run_data
from bench.report.site.run_examples import Examples, examples
from bench.report.site.run_links import Links
from bench.report.site.run_page import run_page_of
from bench.report.site.run_record import run_record
from bench.report.site.thumbnails import Thumbnails, thumbnails_of
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store


def write_runs(site: SiteFolder, material: Material) -> None:
    """Write the pages of `material.detailed`; the predictions of one run at a time are in memory.

    A run whose predictions are missing has a page too, which says so.
    """
    find_names, find_thumbnails = _once(material.find_names), thumbnails_of(site, material.find_images)
    links, sets = Links(material, site.home), ImageSets()
    for row in material.detailed:
        _write_run(site, material.store, row, find_names, find_thumbnails, links, sets)
        material.progress()
    for images in sets.all():
        site.data(set_data(images.key), set_record(images))


def _write_run(
    site: SiteFolder,
    store: Store,
    row: RunRow,
    find_names: FindNames,
    find_thumbnails: Callable[[StoredRun], Thumbnails | None],
    links: Links,
    sets: ImageSets,
) -> None:
    look = look_over(store, row.run_id, find_names)
    cards, said, wrong = list(sections(look)), list[dict[str, Any]](), list[Examples]()
    thumbnails = find_thumbnails(look.details.stored) if look.heads else None
    for head in look.heads:
        images = sets.of(look.row, head, thumbnails)
        said.append(said_record(images, head))
        wrong.append(examples(head, images))
    site.data(run_data(row.run_id), run_record(look, cards, said))
    site.page(run_page_of(look, cards, wrong, links.of(look.row)))


def _once(find: FindNames) -> FindNames:
    """Look the names of a dataset's classes up once, for all runs that saw it; reading a manifest takes time."""
    known: dict[tuple[str | None, ...], ClassNames] = {}

    def find_names(stored: StoredRun, artifacts: Artifacts) -> ClassNames:
        row = stored.row
        key = (row.dataset, row.fingerprint, row.target, row.class_groups)
        if key not in known or known[key].missing:  # what no manifest has, another run's weights may
            known[key] = find(stored, artifacts)
        return known[key]

    return find_names
