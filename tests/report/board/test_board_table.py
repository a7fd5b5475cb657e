"""One table behind every output: what it shows and why, and that a column is added in one place."""

import pytest
from board_kinds import every_board, rows

from bench.report.board.board_table import BoardTable
from bench.report.board.columns import COLUMNS, Column
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.export.markdown import to_markdown
from bench.report.export.records import board_records
from bench.report.site.methods_tables import columns_sheet
from bench.units import DASH


@pytest.fixture
def board():
    return next(board for board in every_board(cost="gmacs", sort="epochs") if board.published)


def test_every_column_has_the_reason_it_is_shown_for(board):
    table = BoardTable.of(board, also=("stored_bytes",))
    reasons = {column.key: table.reasons[column] for column in table.columns}
    assert reasons["backbone"] == reasons["strategy"] == "name"
    assert reasons["val_top1"] == reasons["test_top1"] == "accuracy"
    assert (reasons["epochs"], reasons["gmacs"], reasons["stored_bytes"]) == ("sorted", "cost", "asked")
    assert list(reasons.values())[-1] in ("never ranks", "asked")


def test_a_row_has_a_cell_for_each_column_with_its_value_and_its_text(board):
    table = BoardTable.of(board)
    for entry, row in zip(board.entries, table.measured, strict=True):
        assert [cell.column for cell in row.cells] == list(table.columns)
        accuracy = next(cell for cell in row.cells if cell.column.key == "val_top1")
        assert accuracy.value == entry.group.stat("val_top1").mean
        assert accuracy.text.startswith(f"{100 * accuracy.value:.1f}")
        assert (row.place, row.pareto) == (str(entry.rank), entry.pareto)
    assert len(table.published) == len(board.published)
    assert all(row.seeds == row.runs == DASH and not row.pareto for row in table.published)


def test_a_limit_is_on_the_measured_rows_alone(board):
    table = BoardTable.of(board, limit=2)
    assert (len(table.measured), len(table.published)) == (2, len(board.published))
    assert table.notes == BoardTable.of(board).notes


def test_a_column_declared_once_is_in_every_output(monkeypatch):
    made = Column(
        "top1_per_gmac",
        "val/GMAC",
        "Validation top-1 per GMAC",
        "rate",
        "more",
        definition="Validation top-1 over the GMACs of an image.",
        stored_as="1 per GMAC",
        read=lambda row: row.val_top1 / row.gmacs,
        reads=("val_top1", "gmacs"),
    )
    monkeypatch.setitem(COLUMNS, made.key, made)
    (board, *_) = leaderboard(rows(), Query(sort=made.key))
    values = [record[made.key] for record in board_records([board])]
    assert values == sorted(values, reverse=True)
    assert f"| {made.title} |" in to_markdown([board])
    assert any(made.definition in cell.text for line in columns_sheet().rows for cell in line)
