import pytest
import sqlalchemy as sa
from example_runs import PROVENANCE, epoch, plans, result, sweep
from sqlalchemy import event

from bench.store.changes import stamp
from bench.store.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "runs.db") as opened:
        yield opened


def test_whatever_happens_to_a_run_shows(store):
    runs, run_ids = plans(3)
    seen = [stamp(store.sessions)]

    def has_changed():
        seen.append(stamp(store.sessions))
        return seen[-1] not in seen[:-1]

    store.plan(sweep(run_ids[:2]), runs)
    assert has_changed()
    claim = store.claim(run_ids, store.worker(), PROVENANCE)
    assert has_changed()
    store.fail(claim, "failed", ValueError("no"))
    assert has_changed()
    claim = store.claim(run_ids, store.worker(), PROVENANCE)
    assert has_changed()
    store.fail(claim, "failed", ValueError("no, again"))
    assert has_changed()
    claim = store.claim(run_ids, store.worker(), PROVENANCE)
    store.record_epoch(claim, epoch(1))
    store.finish(claim, result())
    assert has_changed()
    store.plan(sweep(run_ids), runs)
    assert has_changed()


def test_what_a_report_does_not_show_does_not(store):
    runs, run_ids = plans(1)
    store.plan(sweep(run_ids), runs)
    claim = store.claim(run_ids, store.worker(), PROVENANCE)
    before = stamp(store.sessions)
    store.heartbeat(claim)
    store.record_epoch(claim, epoch(1))
    store.plan(sweep(run_ids), runs)
    assert stamp(store.sessions) == before


def test_what_another_process_writes_shows(store, tmp_path):
    runs, run_ids = plans(1)
    before = stamp(store.sessions)
    with Store.open(tmp_path / "runs.db") as other:
        other.plan(sweep(run_ids), runs)
    assert stamp(store.sessions) != before


def test_of_runs_and_attempts_only_indices_are_read(store):
    """SQLite itself says how it looks them up: in an index that holds all that is asked, or at one end of it."""
    asked = []
    event.listen(store.sessions.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    stamp(store.sessions)
    with store.sessions.reading() as session:
        steps = [
            step.detail
            for text in asked
            if text.startswith("SELECT")
            for step in session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))
        ]
    of_rows = [step for step in steps if step.split()[1] in {"runs", "attempts"}]
    assert len(of_rows) == 2
    assert all("INDEX" in step or step == "SEARCH attempts" for step in of_rows), of_rows
