"""What became of a sweep, in counts and in a sentence."""

from plausible_runs import MODELS, make_planned, provenance
from swept_runs import REQUEST, fill_swept, finish, record

from bench.report.site.sweeps import read_sweep
from bench.report.sweeps.state import kind_of, state_sentence


def states(store):
    rows, shared = {row.run_id: row for row in store.rows()}, store.sweep_work.planned_by()
    return [read_sweep(store, row, rows, shared) for row in store.sweeps()]


def test_every_end_is_counted_and_said(store):
    fill_swept(store)
    first = states(store)[0]
    assert first.counts == {"planned": 1, "done": 4, "failed": 1, "diverged": 1, "interrupted": 1, "pruned": 1}
    assert (first.state, first.waiting, first.found_done) == ("interrupted", 2, 0)
    assert state_sentence(first) == (
        "4 of 9 runs are done; 1 pruned, 1 failed, 1 diverged, 2 still to do, with which the same command goes on."
    )


def test_what_another_sweep_had_done_is_not_this_ones_work(store):
    fill_swept(store)
    second = states(store)[1]
    assert (second.found_done, len(second.finished_here), second.own) == (2, 0, [])
    assert (second.state, len(second.earlier)) == ("interrupted", 2)
    assert state_sentence(second) == (
        "2 of 3 runs are done; 1 still to do, with which the same command goes on. "
        "2 were done before it was recorded."
    )


def test_a_sweep_whose_runs_were_all_done_trained_nothing(store):
    fill_swept(store)
    third = states(store)[2]
    assert third.state == "from the database"
    assert state_sentence(third) == (
        "All 3 runs were done before it was recorded: nothing was trained for it, all is from the database."
    )


def test_a_sweep_of_nothing_and_one_that_has_not_begun_say_so(store):
    fill_swept(store)
    record(store, [make_planned(MODELS[2], "scratch")], command="later")
    *_, nothing, later = states(store)
    assert (nothing.state, state_sentence(nothing)) == ("empty", "It planned no run.")
    assert (later.state, state_sentence(later)) == ("not begun", "Its one run has not begun.")


def test_a_run_is_at_work_while_its_process_lives_and_left_behind_after(store):
    runs = [make_planned(MODELS[0], "linear", seed) for seed in range(2)]
    record(store, runs)
    claim = store.claim([runs[0].spec.run_id], store.worker(), provenance())
    (at_work,) = states(store)
    assert (at_work.state, at_work.live, at_work.waiting) == ("running", {claim.run_id}, 1)
    with store.sessions.writing() as session:
        session.connection().exec_driver_sql("UPDATE attempts SET lease_expires_at = 1, lease_expires_uptime = 1")
    (left,) = states(store)
    assert (left.state, left.live, left.waiting) == ("interrupted", frozenset(), 2)


def test_all_done_is_said_in_few_words(store):
    run = make_planned(MODELS[0], "linear")
    record(store, [run])
    finish(store, run)
    (only,) = states(store)
    assert (only.state, state_sentence(only)) == ("done", "The run is done.")


def test_searches_and_studies_are_told_from_sweeps():
    assert [kind_of(request) for request in (REQUEST, {"tune": {}}, {"study": {}}, {"tune": {}, "study": {}})] == [
        "sweep", "search", "study", "study search",
    ]  # fmt: skip
