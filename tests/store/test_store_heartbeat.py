"""Leases that are renewed in the background."""

from __future__ import annotations

import threading
import time

from example_runs import PROVENANCE
from store_steps import expire, plan, sql, take

from bench.store.heartbeat import Heartbeat


def wait_until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def lease(store) -> float:
    return sql(store, "SELECT lease_expires_at FROM attempts ORDER BY id")[0][0]


def leases(store) -> dict[int, float]:
    return dict(sql(store, "SELECT id, lease_expires_at FROM attempts"))


def test_a_lease_is_renewed_while_the_block_lasts_and_not_after(store):
    run_ids = plan(store, 1)
    claim = take(store, run_ids)
    expire(store, claim)
    with Heartbeat(store, [claim], every_s=0.01):
        wait_until(lambda: lease(store) > 1)
        assert store.claim(run_ids, store.worker(), PROVENANCE) is None
    expire(store, claim)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lease-")]
    assert store.claim(run_ids, store.worker(), PROVENANCE).number == 2


def test_the_leases_of_several_runs_are_renewed_whatever_becomes_of_one(store):
    run_ids = plan(store, 3)
    claims = [take(store, run_ids) for _ in range(3)]
    store.fail(claims[0], "interrupted")
    expire(store, claims[1])
    taken = take(store, run_ids[1:2])
    for claim in (taken, claims[2]):
        expire(store, claim)
    with Heartbeat(store, claims, every_s=0.01):
        wait_until(lambda: leases(store)[claims[2].attempt_id] > 1)
    assert leases(store)[taken.attempt_id] == 1, "a run that was lost is its new owner's to keep"


def test_a_database_that_is_locked_for_a_while_costs_no_lease(path):
    from bench.store.store import Store

    with Store.open(path, busy_timeout_s=0.01) as store, Store.open(path) as other:
        claim = take(store, plan(store, 1))
        expire(store, claim)
        with Heartbeat(store, [claim], every_s=0.01):
            with other._database.writer.begin() as connection:
                connection.exec_driver_sql("UPDATE attempts SET lease_expires_at = 2")
                time.sleep(0.1)
            wait_until(lambda: lease(store) > 2)
