"""Timings: kept under their name, as they were measured. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from example_runs import HARDWARE, PROVENANCE, timing
from store_steps import says

from bench.errors import StoreError
from bench.store.schema import TimingRow


def test_a_timing_comes_back_as_it_was_measured(store):
    store.add_timing(timing())
    found = store.timing("before")
    assert found.created_at > 0
    assert replace(found, created_at=0.0) == timing()


def test_timings_are_listed_oldest_first(store):
    for name in ("b", "a"):
        store.add_timing(timing(name))
    assert [(found.name, found.cases) for found in store.timings()] == [("b", 2), ("a", 2)]
    assert {(found.hardware, found.threads) for found in store.timings()} == {(HARDWARE, 2)}


@pytest.mark.parametrize(
    ("column", "value"),
    [("samples", []), ("samples", ["a", None, -1]), ("reference_samples", [0, 0]), ("provenance", {})],
)
def test_a_timing_that_another_program_changed_is_named(store, column, value):
    store.add_timing(timing())
    with store.sessions.writing() as session:
        session.execute(sa.update(TimingRow).values({column: value}))
    with pytest.raises(StoreError) as error:
        store.timing("before")
    says(error, "The timing 'before' cannot be read", "not as bench writes them", "Restore a copy")


def test_a_name_that_is_taken_is_refused_and_nothing_is_overwritten(store):
    store.add_timing(timing())
    with pytest.raises(StoreError) as error:
        store.add_timing(replace(timing(), cases=timing().cases[:1]))
    says(error, "'before'", "never overwritten", "--list")
    assert len(store.timing("before").cases) == 2


def test_an_unknown_name_is_an_error_that_names_the_nearest_and_the_last(store):
    with pytest.raises(StoreError) as nothing:
        store.timing("before")
    says(nothing, "Nothing was timed yet", "--save")
    for number in range(20):
        store.add_timing(timing(f"2026-01-{number:02}"))
    store.add_timing(timing("before"))
    with pytest.raises(StoreError) as error:
        store.timing("befor")
    says(error, "There is no timing 'befor'", "There is: before, 2026-01-19", "--list")


def test_a_password_in_the_command_is_not_kept(store):
    command = "bench timing --db postgresql://me:secret@host/runs"
    store.add_timing(timing(provenance=replace(PROVENANCE, command=command)))
    assert "secret" not in store.timing("before").provenance.command
