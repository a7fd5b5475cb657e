"""Small copies of test images in the site's folder `images/`, each written once however many pages show it."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image

from bench.errors import BenchError
from bench.report.site.folder import SiteFolder
from bench.report.site.material import FindImages, Images
from bench.spec import digest
from bench.store.rows import StoredRun

SIDE = 160
"""Pixels of a thumbnail's longer side, at most."""

MOST_BYTES = 12 * 2**20
"""What the thumbnails of one dataset take, at most; what would be beyond is not written."""

_PIXELS = 64
"""An image of at most so many pixels a side is kept pixel for pixel."""


class Thumbnails:
    """The thumbnails of one dataset's test images, by their places in its test split."""

    def __init__(self, site: SiteFolder, folder: str, images: Images) -> None:
        self._site, self._images, self.folder = site, images, folder
        self.bytes = 0
        self.paths: dict[int, str] = {}

    def path(self, place: int) -> str | None:
        """Write the thumbnail of the image at a place, unless it is there, and return its place in the site.

        None where the image cannot be read, or all thumbnails together would be too large.
        """
        if place not in self.paths and self.bytes < MOST_BYTES:
            self._write(place)
        return self.paths.get(place)

    def _write(self, place: int) -> None:
        for ending in (".png", ".jpg"):  # of an earlier build: the folder's name is the dataset's content
            if size := self._site.keep(path := f"{self.folder}/{place}{ending}"):
                self._add(place, path, size)
                return
        try:
            image = self._images(place).convert("RGB")
        except (BenchError, OSError, ValueError, IndexError):
            return
        ending, content = _encoded(image)
        path = f"{self.folder}/{place}{ending}"
        self._site.binary(path, content)
        self._add(place, path, len(content))

    def _add(self, place: int, path: str, size: int) -> None:
        self.paths[place] = path
        self.bytes += size


def thumbnails_of(site: SiteFolder, find_images: FindImages) -> Callable[[StoredRun], Thumbnails | None]:
    """Return what finds the thumbnails of a run's dataset, read as the run read it.

    It returns None if there are no images, and nothing is written then.
    """
    known: dict[str, Thumbnails | None] = {}

    def of(stored: StoredRun) -> Thumbnails | None:
        transform = stored.spec_data.get("transform", {})
        read = {key: transform[key] for key in ("exif", "ground", "value_range") if key in transform}
        key = digest([stored.row.dataset, stored.row.fingerprint, read], "images")[:16]
        if key not in known:
            images = find_images(stored)
            known[key] = Thumbnails(site, f"images/{key}", images) if images else None
        return known[key]

    return of


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    """Encode an image of few pixels as PNG, any other as JPEG of at most `SIDE` pixels a side."""
    data = io.BytesIO()
    if max(image.size) <= _PIXELS:
        image.save(data, "PNG", optimize=True)
        return ".png", data.getvalue()
    image.thumbnail((SIDE, SIDE))
    image.save(data, "JPEG", quality=78, optimize=True)
    return ".jpg", data.getvalue()
