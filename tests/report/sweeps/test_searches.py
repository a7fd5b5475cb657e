"""The search behind a sweep, read from the database."""

from swept_runs import fill_search, fill_swept

from bench.report.sweeps import searches as module
from bench.report.sweeps.searches import searches, settings


def read(store):
    records = [store.sweep(row.id) for row in store.sweeps()]
    return records, searches(store, records)


def test_a_sweep_finds_the_search_that_its_runs_are_trials_of(store):
    fill_search(store)
    (asked,), found = read(store)
    search = found.of(asked)
    assert (search.name, search.metric, len(search.trials)) == ("study <b>", "val_top1", 12)
    values = [trial.value for trial in search.trials]
    assert values[0] is values[-1] is None
    assert search.best.value == max(value for value in values if value is not None)
    assert {trial.run_id for trial in search.trials} == set(asked.run_ids)


def test_the_best_so_far_never_falls_and_waits_for_the_first_value(store):
    fill_search(store)
    search = read(store)[1].found[0]
    assert search.best_so_far[0] is None
    expected = []
    for trial in search.trials:
        values = [*expected[-1:], trial.value]
        expected.append(max((value for value in values if value is not None), default=None))
    assert search.best_so_far == expected


def test_what_mattered_is_said_of_enough_trials_only(store, monkeypatch):
    fill_search(store)
    assert read(store)[1].found[0].importances["lr"] > 0.5
    monkeypatch.setattr(module, "MOST_WEIGHED", 5)
    assert read(store)[1].found[0].importances == {}


def test_a_trial_names_backbone_and_strategy_first(store):
    fill_search(store)
    assert list(settings(read(store)[1].found[0].trials[0]))[:2] == ["backbone", "strategy"]


def test_a_database_of_sweeps_alone_has_no_search(store):
    fill_swept(store)
    records, found = read(store)
    assert found.found == ()
    assert found.of(records[0]) is None


def test_trials_of_another_version_of_optuna_are_said_to_be_unreadable(store):
    fill_search(store)
    with store.sessions.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'v0.9.0.a'")
    records, found = read(store)
    assert found.of(records[0]) is None
    assert "another version of optuna" in found.why_not
