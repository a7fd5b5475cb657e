"""Ensembles: kept once, found by the beginning of their id. Each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import sqlalchemy as sa
from example_runs import plans, sweep
from store_steps import says

from bench.errors import StoreError
from bench.records.ensembles import Ensemble, Member
from bench.records.runs import TestMetrics, ValMetrics
from bench.store.schema_derived import EnsembleMemberRow, EnsembleRow


@pytest.fixture
def run_ids(store):
    runs, run_ids = plans(3)
    store.plan(sweep(run_ids), runs)
    return run_ids


def ensemble(run_ids, **changes) -> Ensemble:
    made = Ensemble(
        rule="weighted",
        members=(Member(run_ids[2], 0.75), Member(run_ids[0], 0.25)),
        dataset="digits",
        target="label",
        num_classes=10,
        fingerprint="f" * 64,
        split_digest="5" * 64,
        total_params=4_000_000,
        trainable_params=25_620,
        gmacs=0.41,
        val=ValMetrics(0.91, 0.99, 0.31, 0.9, 180),
        test=TestMetrics(0.89, 0.98, 0.33, 0.88, 179),
        command="bench ensemble",
        request={"budget": "total<=10M", "most": None, "candidates": 3},
    )
    return replace(made, **changes)


def test_an_ensemble_comes_back_as_it_was_made(store, run_ids):
    kept = store.ensembles.add(ensemble(run_ids))
    assert kept.created_at > 0
    assert replace(kept, created_at=0.0) == ensemble(run_ids)
    assert store.ensembles.list() == [kept]


def test_the_same_ensemble_made_again_is_one_row_and_stays_as_it_was(store, run_ids):
    first = store.ensembles.add(ensemble(run_ids))
    turned = ensemble(run_ids, members=tuple(reversed(ensemble(run_ids).members)), command="again")
    assert store.ensembles.add(turned) == first
    with store.sessions.reading() as session:
        counts = [
            session.scalar(sa.select(sa.func.count()).select_from(t)) for t in (EnsembleRow, EnsembleMemberRow)
        ]
    assert counts == [1, 2]


@pytest.mark.parametrize(
    "changes",
    [{"rule": "greedy"}, {"split_digest": "6" * 64}, {"members": ()}],
    ids=lambda change: next(iter(change)),
)
def test_another_rule_other_images_or_other_members_are_another_ensemble(changes):
    run_ids = plans(3)[1]
    assert ensemble(run_ids, **changes).ensemble_id != ensemble(run_ids).ensemble_id


def test_other_weights_are_another_ensemble(store, run_ids):
    members = (Member(run_ids[2], 0.5), Member(run_ids[0], 0.5))
    store.ensembles.add(ensemble(run_ids))
    store.ensembles.add(ensemble(run_ids, members=members))
    assert len(store.ensembles.list()) == 2


def test_a_loss_that_is_no_number_comes_back_as_none_at_all(store, run_ids):
    hard = ensemble(run_ids, rule="hard", val=ValMetrics(0.9, 0.9, math.nan, 0.9, 180))
    store.ensembles.add(hard)
    (found,) = store.ensembles.list()
    assert math.isnan(found.val.loss)
    assert found.test.loss == 0.33


def test_the_beginning_of_an_id_finds_it_in_capitals_too(store, run_ids):
    kept = store.ensembles.add(ensemble(run_ids))
    assert store.ensembles.find(kept.ensemble_id[:10].upper()) == kept
    assert store.ensembles.find("zz") is None
    assert store.ensembles.find("%") is None
    assert store.ensembles.find("\udcff") is None
    assert store.ensembles.find(run_ids[0]) is None


def test_a_beginning_of_several_ids_is_an_error_that_names_them(store, run_ids):
    kept = store.ensembles.add(ensemble(run_ids))
    with pytest.raises(StoreError) as error:
        store.ensembles.find("")
    says(error, f"ensemble {kept.ensemble_id[:12]}", f"run {min(run_ids)[:12]}", "more digits")


def test_a_member_that_the_database_does_not_know_is_refused_and_nothing_is_kept(store, run_ids):
    with pytest.raises(sa.exc.IntegrityError):
        store.ensembles.add(ensemble(run_ids, members=(Member("0" * 64, 1.0),)))
    assert store.ensembles.list() == []


def test_a_password_in_the_command_is_not_kept(store, run_ids):
    kept = store.ensembles.add(ensemble(run_ids, command="bench ensemble --db postgresql://me:secret@host/runs"))
    assert "secret" not in kept.command
