"""Charts as pictures: every one is written, has something on it, and fits what it shows."""

import warnings

import numpy as np
import pytest
from board_kinds import every_board
from matplotlib.lines import Line2D
from PIL import Image
from plausible_runs import MODELS, done_row
from predicted_runs import planned, predictions, record_predicted

from bench.inference.class_names import ClassNames
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.look.files import write_look
from bench.report.look.look import look_at
from bench.report.plots.scatter import board_scatter
from bench.report.png.confusion import ERROR_SHADES, HIT_SHADES
from bench.report.png.pareto import draw_pareto
from bench.report.png.theme import MUTED, cut, write_picture

PICTURES = ("curves", "test-calibration", "test-classes", "test-confusion")


def pictures(store, tmp_path, made, classes, names=None, what=()):
    run_id = record_predicted(store, planned(classes), made)
    look = look_at(store, run_id, lambda *_: ClassNames({"label": names} if names else {}), what=what)
    paths = write_look(look, tmp_path / "out", ["png"], 60)
    assert what or sorted(path.name for path in paths) == [f"{run_id[:12]}-{name}.png" for name in PICTURES]
    return {path.stem.rpartition("-")[2]: Image.open(path).convert("RGB") for path in paths}


def share_of_ink(image):
    return float((np.asarray(image).min(axis=2) < 250).mean())


@pytest.mark.parametrize(("classes", "n"), [(1, 20), (10, 300), (40, 300), (200, 900)])
def test_every_picture_is_written_and_not_empty(store, tmp_path, classes, n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = pictures(store, tmp_path, predictions(classes, n=n), classes)
    for name, image in made.items():
        assert min(image.size) > 100, name
        assert 0.005 < share_of_ink(image) < 0.9, name


def test_every_picture_comes_as_svg_too_where_that_is_asked(store, tmp_path):
    run_id = record_predicted(store, planned(5), predictions(5, n=60))
    paths = write_look(look_at(store, run_id, lambda *_: ClassNames()), tmp_path / "out", ["svg"], 60)
    assert sorted(path.name for path in paths) == [f"{run_id[:12]}-{name}.svg" for name in PICTURES]
    assert all(path.read_text(encoding="utf-8").rstrip().endswith("</svg>") for path in paths)


@pytest.mark.parametrize("n", [0, 3])
def test_a_split_without_images_or_with_few_is_drawn(store, tmp_path, n):
    pictures(store, tmp_path, predictions(5, n=n), 5)


def test_logits_that_are_not_finite_are_drawn(store, tmp_path):
    made = predictions(5, n=30)
    made.test.logits[:] = np.nan
    pictures(store, tmp_path, made, 5)


def test_names_in_any_script_with_dollars_and_newlines_are_drawn_as_they_are(store, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures(store, tmp_path, predictions(4, n=40), 4, ("$x_1$", "鳥", "two\nlines", "<b>&amp;" + "y" * 300))


def test_the_matrix_grows_with_its_classes_so_that_a_hundred_names_fit(store, tmp_path):
    few = pictures(store, tmp_path, predictions(10, n=200), 10, what=["confusion"])["confusion"]
    many = pictures(store, tmp_path, predictions(100, n=900), 100, what=["confusion"])["confusion"]
    assert many.height > 1.5 * few.height


def test_mistakes_and_hits_stay_apart_without_colour_and_darken_evenly():
    def luminance(shades):
        return np.asarray(shades(np.linspace(0, 1, 20)))[:, :3] @ [0.2126, 0.7152, 0.0722]

    assert (np.diff(luminance(ERROR_SHADES)) < 0).all()
    assert (np.diff(luminance(HIT_SHADES)) < 0).all()


def test_long_text_is_cut_to_one_line():
    assert cut("a\n b", 9) == "a b"
    assert cut("abcdef", 4) == "abc…"


@pytest.mark.parametrize("height", ["val_top1", "test_top1"])
@pytest.mark.parametrize("cost", ["trainable_backbone_params", "standalone_s"])
def test_accuracy_against_cost_is_drawn_whatever_a_board_holds(tmp_path, height, cost):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, board in enumerate(every_board(cost=cost)):
            path = tmp_path / f"{number}.png"
            shown = board_scatter(board, height)
            write_picture(
                path, lambda shown=shown, board=board: draw_pareto(shown, board.summary, "told"), "png", 60
            )
            assert 0.005 < share_of_ink(Image.open(path).convert("RGB")) < 0.9


def test_strategies_differ_by_their_fill_too_so_that_grey_print_tells_them_apart():
    strategies = ("linear", "neck", "full", "bitfit")  # linear and neck are five colours apart, as many as fills
    rows = [done_row(MODELS[index], strategy) for index, strategy in enumerate(strategies)]
    (board,) = leaderboard(rows, Query())
    figure = draw_pareto(board_scatter(board, "val_top1"), "", "")
    legend = [line for line in figure.artists if isinstance(line, Line2D) and line.get_markerfacecolor() != MUTED]
    assert len({line.get_fillstyle() for line in legend}) == len(legend) == len(strategies)
