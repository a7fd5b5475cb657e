import itertools

import pytest
from plausible_runs import MODELS, done_row

from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.plots.figures import MARKS, PALETTE, family_marks, strategy_colours


def strategy_boards(*strategies):
    return leaderboard([done_row(MODELS[0], strategy) for strategy in strategies], Query())


def test_a_strategy_has_the_same_colour_whatever_else_is_shown():
    alone = strategy_colours(strategy_boards("linear"))
    among = strategy_colours(strategy_boards("full", "last_blocks(2)", "linear", "norm", "scratch"))
    assert alone["linear"] == among["linear"]


def test_strategies_differ_in_colour_while_there_are_enough():
    names = [
        "linear",
        "full",
        "last_blocks(1)+norm",
        "last_blocks(2)",
        "last_blocks(3)",
        "scratch",
        "lora(4)",
        "norm",
    ]
    colours = strategy_colours(strategy_boards(*names))
    assert len(set(colours.values())) == len(names) == len(PALETTE)


def test_more_strategies_than_colours_still_have_one_each():
    colours = strategy_colours(strategy_boards(*(f"last_blocks({k})" for k in range(20))))
    assert len(colours) == 20
    assert set(colours.values()) == set(range(len(PALETTE)))


def test_strategies_of_one_board_differ_in_colour_whatever_other_boards_have():
    first, second = ("linear", "full", "weighted vote"), [f"last_blocks({k})" for k in range(len(PALETTE))]
    rows = [done_row(MODELS[0], name) for name in first]
    rows += [done_row(MODELS[0], name, dataset="cars") for name in second]
    colours = strategy_colours(leaderboard(rows, Query()))
    assert len({colours[name] for name in first}) == len(first)
    assert len({colours[name] for name in second}) == len(second)


def test_more_families_than_marks_still_have_one_each():
    rows = [done_row(MODELS[0], family=f"family{k}", group_id=str(k)) for k in range(len(MARKS) + 3)]
    marks = family_marks(leaderboard(rows, Query()))
    assert len(marks) == len(MARKS) + 3
    assert set(marks.values()) == set(MARKS)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_stands_out_from_its_ground():
    for colour in PALETTE:
        assert contrast(colour.light, "#ffffff") >= 3
        assert contrast(colour.dark, "#191d21") >= 3


DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
NORMAL = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def as_seen(colour, matrix):
    """The colour as linear RGB to a viewer (Machado, Oliveira and Fernandes 2009, severity 1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return [min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in matrix]


def lab(rgb):
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    xyz = [sum(m * c for m, c in zip(row, rgb, strict=True)) / w for row, w in zip(to_xyz, white, strict=True)]
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz]
    return (116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]))


@pytest.mark.parametrize(
    "matrix", [NORMAL, DEUTERANOPIA, PROTANOPIA], ids=["normal", "deuteranopia", "protanopia"]
)
@pytest.mark.parametrize("ground", ["light", "dark"])
def test_the_first_four_strategies_differ_also_to_colour_blind_readers(matrix, ground):
    seen = [lab(as_seen(getattr(colour, ground), matrix)) for colour in PALETTE[:4]]
    for a, b in itertools.combinations(seen, 2):
        assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 > 15
