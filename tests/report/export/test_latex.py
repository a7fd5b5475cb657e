import re

import pytest
from board_kinds import HOSTILE, every_board
from plausible_runs import MODELS, done_row

from bench.report.board.query import Query
from bench.report.board.tables import front_board, leaderboard
from bench.report.export.latex import escaped, to_latex

ROWS = [done_row(model, seed=seed) for model in MODELS[:3] for seed in range(2)]


def rows_of(text):
    body = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0]
    return [line for line in body.splitlines() if " & " in line]


def bare(text):
    """Leave out what is escaped and every comment."""
    return re.sub(r"\\(textbackslash|[\\{}$&#%_])", "", re.sub(r"(?<!\\)%.*", "", text))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a_b&c", r"a\_b\&c"),
        ("50 % of $x$ #1", r"50 \% of \$x\$ \#1"),
        ("{~^\\}", r"\{\textasciitilde{}\textasciicircum{}\textbackslash{}\}"),
        ("a--b", "a-{}-b"),
        ("two\nlines\x00", "two lines"),
        ("<90 ± 1>", r"\textless{}90 $\pm$ 1\textgreater{}"),
    ],
)
def test_what_latex_would_read_is_printed_as_it_is(name, safe):
    assert escaped(name) == safe


def test_braces_and_formulas_are_balanced_and_rows_as_wide_as_their_head_whatever_names_hold():
    text = to_latex(every_board())
    assert HOSTILE not in text
    for table in text.split(r"\end{table}")[:-1]:
        assert bare(table).count("{") == bare(table).count("}")
        assert bare(table).count("$") % 2 == 0
        head = next(line for line in table.splitlines() if line.startswith(r"\#"))
        assert {len(re.split(r"(?<!\\)&", line)) for line in [head, *rows_of(table)]} == {head.count(" & ") + 1}


def test_the_best_by_validation_is_bold_and_nothing_else():
    text = to_latex(leaderboard(ROWS, Query()))
    bold = [row for row in rows_of(text) if r"\textbf" in row]
    (best,) = bold
    assert best.startswith("1 & ")
    assert best.count(r"\textbf{") == 1
    assert "Bold: the highest validation top-1" in text


def test_spreads_are_formulas():
    assert re.search(r"\d\d\.\d \$\\pm\$ \d\.\d", to_latex(leaderboard(ROWS, Query())))


def test_each_row_names_its_runs_in_a_comment():
    (board,) = leaderboard(ROWS, Query())
    for line, entry in zip(rows_of(to_latex([board])), board.entries, strict=True):
        assert line.partition(" % ")[2].split() == [run_id[:8] for run_id in entry.group.run_ids]


def test_a_front_holds_its_optimal_rows_alone_cheapest_first():
    (board,) = leaderboard(ROWS, Query(cost="gmacs"))
    front = front_board(board)
    costs = [entry.group.first.gmacs for entry in front.entries]
    assert {entry.group.group_id for entry in front.entries} == {
        entry.group.group_id for entry in board.entries if entry.pareto
    }
    assert costs == sorted(costs)


def test_no_boards_are_no_tables():
    assert r"\begin" not in to_latex([])
