import sys

import pandas as pd
import pytest
from board_kinds import every_board

from bench.errors import BenchError
from bench.report.export.frames import to_frame, write_parquet
from bench.report.export.records import BOARD_FIELDS, board_records


def test_what_is_written_as_parquet_comes_back_as_it_was(tmp_path):
    frame = to_frame(board_records(every_board()), BOARD_FIELDS)
    write_parquet(frame, tmp_path / "board.parquet")
    back = pd.read_parquet(tmp_path / "board.parquet")
    assert list(back.columns) == list(frame.columns)
    pd.testing.assert_series_equal(back["val_top1"], frame["val_top1"])
    measured = frame["run_ids"].notna()
    assert [list(ids) for ids in back["run_ids"][measured]] == [list(ids) for ids in frame["run_ids"][measured]]


def test_no_rows_are_all_columns_with_numbers_as_numbers(tmp_path):
    frame = to_frame([], BOARD_FIELDS)
    assert list(frame.columns) == list(BOARD_FIELDS)
    assert frame["val_top1"].dtype == frame["val_top1_std"].dtype == "float64"
    write_parquet(frame, tmp_path / "empty.parquet")
    assert len(pd.read_parquet(tmp_path / "empty.parquet")) == 0


def test_without_pyarrow_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BenchError, match="pip install 'backbone-bench\\[parquet\\]'") as error:
        write_parquet(to_frame([]), tmp_path / "x.parquet")
    assert all((error.value.what, error.value.why, error.value.todo))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, None], "Int64"),
        ([1, 0.5], "float64"),
        ([True, None], "boolean"),
        (["a", None], "string"),
        ([["x"]], "object"),
    ],
)
def test_types_follow_values_and_not_what_is_missing(values, dtype):
    assert str(to_frame([{"a": value} for value in values])["a"].dtype) == dtype
