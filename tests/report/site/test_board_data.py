import json

import pytest
from overview_pages import drawn_of, every_candidate
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.html import embedded_json
from bench.report.plots.figures import X_AXES


def test_numbers_that_decide_are_given_in_full():
    rows = every_candidate(val_top1=1 / 3, standalone_s=100 / 7)
    _, drawn = drawn_of(rows)
    written = json.loads(embedded_json(drawn))
    assert set(written["values"]["val_top1"]) == {1 / 3}
    assert set(written["values"]["standalone_s"][0]) == {100 / 7}


def test_times_of_different_hardware_are_in_lists_of_their_own():
    rows = [
        done_row(MODELS[0], hardware=CPU, standalone_s=100.0),
        done_row(MODELS[1], hardware=GPU, standalone_s=2.0),
    ]
    board, drawn = drawn_of(rows)
    places = {name: drawn["machines"].index(name) for name in (CPU, GPU)}
    index = {entry.group.first.backbone: i for i, entry in enumerate(board.entries)}
    times = drawn["values"]["standalone_s"]
    assert times[places[CPU]][index[MODELS[0].name]] == 100.0
    assert times[places[CPU]][index[MODELS[1].name]] is None
    assert times[places[GPU]][index[MODELS[1].name]] == 2.0


def test_every_column_has_a_value_for_every_row():
    _, drawn = drawn_of(every_candidate())
    rows = len(MODELS) * 2
    for key in (*X_AXES, "val_top1", "test_top1"):
        values = drawn["values"][key]
        assert len(values[0] if isinstance(values[0], list) else values) == rows
    for words in (*drawn["words"].values(), drawn["weights"]):
        assert len(words["of"]) == rows
        assert len(set(words["names"])) == len(words["names"])


def test_what_is_not_finite_is_null():
    _, drawn = drawn_of([done_row(test_top1=float("nan"), stored_bytes=None, latency_1_s=float("inf"))])
    assert drawn["values"]["test_top1"] == drawn["values"]["stored_bytes"] == [None]
    assert drawn["values"]["latency_1_s"] == [[None]]


@pytest.mark.parametrize("linked", [(), (0,), (0, 2)])
def test_a_row_leads_to_the_pages_of_its_seeds(linked):
    rows = [done_row(seed=seed) for seed in range(3)]
    _, drawn = drawn_of(rows, {rows[i].run_id: f"runs/{i}.html" for i in linked})
    expected = [[i, rows[i].run_id[:16], f"runs/{i}.html"] for i in linked]
    assert drawn["runs"] == ([expected] if linked else [])
