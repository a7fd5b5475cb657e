import pytest
from PIL import Image
from plausible_runs import done_row
from site_made import coloured

from bench.errors import DataError
from bench.report.site import thumbnails as module
from bench.report.site.folder import SiteFolder
from bench.report.site.thumbnails import SIDE, thumbnails_of
from bench.store.rows import StoredRun

RUN = StoredRun(done_row(), {})


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "site"


def test_a_large_image_becomes_a_small_jpeg_and_a_small_one_keeps_its_pixels(folder):
    site = SiteFolder(folder, ())
    [large, small] = [thumbnails_of(site, coloured(size))(RUN).path(3) for size in ((800, 600), (8, 8))]
    with Image.open(folder / large) as image:
        assert (image.format, image.size) == ("JPEG", (SIDE, 120))
    with Image.open(folder / small) as image:
        assert (image.format, image.size, image.getpixel((0, 0))) == ("PNG", (8, 8), (3, 0, 128))


def test_each_is_written_once_and_all_are_counted(folder):
    made = thumbnails_of(SiteFolder(folder, ()), coloured())(RUN)
    assert made.path(1) == made.path(1)
    made.path(2)
    files = list((folder / made.folder).iterdir())
    assert len(files) == 2
    assert made.bytes == sum(path.stat().st_size for path in files)


def test_a_dataset_is_opened_once_for_all_its_runs_and_without_images_there_are_none(folder):
    opened = []

    def find(stored):
        opened.append(stored)
        return coloured()(stored) if stored.row.dataset == "cub100" else None

    of = thumbnails_of(SiteFolder(folder, ()), find)
    assert of(RUN) is of(RUN)
    other = StoredRun(done_row(dataset="others"), {})
    assert of(other) is None
    assert of(other) is None
    assert len(opened) == 2


def test_what_cannot_be_read_has_no_thumbnail(folder):
    def broken(_):
        raise DataError("It is damaged.", "why", "todo")

    assert thumbnails_of(SiteFolder(folder, ()), lambda _: broken)(RUN).path(0) is None


def test_beyond_the_bound_nothing_is_written(folder, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    made = thumbnails_of(SiteFolder(folder, ()), coloured())(RUN)
    assert made.path(0)
    assert made.path(1) is None


def test_the_next_build_keeps_them_without_the_images(folder):
    def unread(_):
        raise AssertionError

    before = SiteFolder(folder, ())
    path = thumbnails_of(before, coloured())(RUN).path(7)
    before.finish()
    again = SiteFolder(folder, ())
    made = thumbnails_of(again, lambda _: unread)(RUN)
    assert made.path(7) == path
    assert made.bytes == (folder / path).stat().st_size
    again.finish()
    assert (folder / path).is_file()
