"""`bench.pareto()` and `bench.plot_pareto()`: fronts of data frames."""

import pandas as pd
import pytest
from board_kinds import every_board, rows
from plausible_runs import CPU, GPU

import bench
from bench.errors import BenchError
from bench.report.export.frames import run_frame, to_frame
from bench.report.export.records import BOARD_FIELDS, board_records


def frame(**columns):
    given = {"trainable_params": [10, 20, 30, 30], "val_top1": [0.5, 0.7, 0.6, 0.7], **columns}
    return pd.DataFrame(given, index=list("abcd"))


def test_the_front_keeps_its_rows_their_order_their_index_and_their_columns():
    front = bench.pareto(frame(note=["w", "x", "y", "z"]))
    assert list(front.index) == ["a", "b"]
    assert list(front["note"]) == ["w", "x"]


def test_equal_rows_stand_together_and_what_is_missing_never_does():
    front = bench.pareto(frame(val_top1=[0.7, float("nan"), 0.7, 0.7], trainable_params=[10, 1, 10, 20]))
    assert list(front.index) == ["a", "c"]
    assert list(bench.pareto(frame(val_top1=[0.7, 0.7, 0.7, 0.7], trainable_params=[5, 5, 5, 5])).index) == list(
        "abcd"
    )


def test_an_index_that_repeats_is_no_matter():
    doubled = frame().set_axis([0, 0, 1, 1])
    assert len(bench.pareto(doubled)) == 2


def test_it_is_the_front_that_the_leaderboard_marks():
    for board in every_board(cost="gmacs"):
        found = to_frame(board_records([board]), BOARD_FIELDS)
        measured = found[found["rank"].notna()]
        assert list(bench.pareto(measured, x="gmacs").index) == list(measured[measured["pareto"]].index)


def test_rows_of_different_data_have_a_front_each():
    front = bench.pareto(run_frame([row for row in rows() if row.status == "done"]))
    assert front["dataset"].nunique() == 3


def test_times_of_different_hardware_have_a_front_each_and_counts_do_not():
    found = frame(standalone_s=[1.0, 2.0, 3.0, 4.0], hardware=[CPU, CPU, GPU, GPU])
    assert list(bench.pareto(found, x="standalone_s").index) == ["a", "b", "c", "d"]
    assert list(bench.pareto(found).index) == ["a", "b"]


def test_a_column_that_nobody_knows_is_told_its_direction():
    found = frame(price=[3.0, 2.0, 1.0, 0.5])
    assert list(bench.pareto(found, x="price", minimize="price").index) == ["d"]
    assert list(bench.pareto(found, x="price", maximize=["price"]).index) == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"x": "trainable"}, "Unknown column 'trainable'"),
        ({"x": "price"}, "Which way is price better?"),
        ({"y": "test_top1"}, "test_top1 decides no front"),
        ({"y": "last_test_top5", "maximize": "last_test_top5"}, "last_test_top5 decides no front"),
        ({"x": "name"}, "name is no number"),
        ({"x": "standalone_s"}, "compares only on equal hardware"),
    ],
)
def test_what_cannot_be_a_front_is_an_error_in_three_parts(arguments, said):
    numbers = {name: [1.0, 2.0, 3.0, 4.0] for name in ("price", "test_top1", "last_test_top5", "standalone_s")}
    with pytest.raises(BenchError) as error:
        bench.pareto(frame(**numbers, name=list("wxyz")), **arguments)
    assert said in str(error.value)
    assert all((error.value.what, error.value.why, error.value.todo))


def test_a_plot_has_a_colour_per_strategy_a_mark_per_family_and_the_front():
    (board,) = [board for board in every_board() if board.title == "cub100"]
    found = to_frame(board_records([board]), BOARD_FIELDS)
    figure = bench.plot_pareto(found[found["rank"].notna()])
    names = [trace.name for trace in figure.data]
    assert names[0] == "Pareto front"
    assert {"linear", "full"} <= set(names)
    symbols = {symbol for trace in figure.data[1:] for symbol in trace.marker.symbol}
    assert len(symbols) == found[found["rank"].notna()]["family"].nunique()


def test_a_plot_of_test_accuracy_has_the_front_of_validation():
    found = frame(test_top1=[0.9, 0.1, 0.2, 0.3])
    line = bench.plot_pareto(found, y="test_top1").data[0]
    assert list(line.y)[::2] == [0.9, 0.1]


def test_rows_that_do_not_compare_share_no_plot():
    found = frame(dataset=["a", "a", "b", "b"])
    with pytest.raises(BenchError, match="They differ in dataset: a, b"):
        bench.plot_pareto(found)
    times = frame(standalone_s=[1.0, 2.0, 3.0, 4.0], hardware=[CPU, CPU, GPU, GPU])
    with pytest.raises(BenchError, match="They differ in hardware"):
        bench.plot_pareto(times, x="standalone_s")


def test_published_rows_are_on_no_front_and_have_open_marks():
    (board,) = [board for board in every_board() if board.title == "cub100"]
    found = to_frame(board_records([board]), BOARD_FIELDS)
    assert found["published"].notna().sum() == 2
    assert set(bench.pareto(found)["pareto"]) == {True}
    last = bench.plot_pareto(found).data[-1]
    assert (last.name, last.marker.symbol, len(last.x)) == ("published", "circle-open", 1)


def test_names_in_a_plot_are_no_html():
    figure = bench.plot_pareto(frame(backbone=["<img src=x>"] * 4, strategy=["<b>"] * 4))
    assert "<img" not in figure.to_json()
    assert figure.data[1].name == "&lt;b&gt;"


def test_an_empty_frame_has_an_empty_front_and_an_empty_plot():
    empty = to_frame([], BOARD_FIELDS)
    assert bench.pareto(empty).empty
    assert len(bench.plot_pareto(empty).data) == 0
