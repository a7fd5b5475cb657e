from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.report.plots.sample_sheet import Sheet, draw


def sheet(size, names=("one", "two"), notes=("rotation(degrees=15.0)",), columns=3):
    random = np.random.default_rng(0)
    images = [[random.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(columns)] for _ in names]
    return Sheet("digits", [f"epoch {i}" for i in range(columns)], list(names), images, list(notes))


@pytest.mark.parametrize("size", [1, 7, 8, 32, 64, 95, 96, 100, 192])
def test_a_small_image_is_enlarged_pixel_by_pixel(size):
    made = sheet(size)
    picture = np.asarray(draw(made))
    factor = -(-96 // size)
    wanted = np.repeat(np.repeat(made.images[0][0], factor, 0), factor, 1)
    top, left = np.argwhere((picture == wanted[0, 0]).all(2))[0]
    window = picture[top : top + len(wanted), left : left + len(wanted)]
    assert np.array_equal(window, wanted)


def test_a_large_image_is_shrunk():
    assert draw(sheet(512)).size == draw(sheet(192)).size


def test_all_names_and_notes_find_room():
    """Long names, line breaks, marks of HTML, and letters that the font may lack."""
    names = ("a" * 400, "two\nlines and <b>more</b>", " ".join(["word"] * 60), "Zaunkönig 鳥", "")
    picture = draw(sheet(32, names, ["x" * 900, "note " * 100, ""]))
    plain = draw(sheet(32, names, [""]))
    assert picture.width == plain.width
    assert picture.height > plain.height + 4 * 20
    right = np.asarray(picture)[:, -10:]
    assert (right == 255).all()


def test_a_title_is_not_cut_where_there_are_few_columns():
    few = sheet(8, ["one"], (), columns=1)
    assert draw(replace(few, title="word " * 12)).width > draw(few).width


def test_one_column_and_one_row_are_enough():
    assert draw(sheet(8, ["one"], (), columns=1)).width > 96
