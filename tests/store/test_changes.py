import pytest
from example_runs import PROVENANCE, epoch, plans, result, sweep

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


def test_it_reads_no_table_of_rows_as_large_as_runs(store):
    """SQLite itself says how it would look the runs up: in an index that holds all that is asked."""
    import sqlalchemy as sa

    with store.sessions.reading() as session:
        plan = session.execute(
            sa.text("EXPLAIN QUERY PLAN SELECT dataset, status, count(*) FROM runs GROUP BY dataset, status")
        ).all()
    assert all("COVERING INDEX" in row.detail for row in plan), plan
