"""optuna's tables and ours in one database, each upgraded by its own tool: real files, and a real PostgreSQL."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa
from example_runs import plans, sweep

from bench.errors import StoreError
from bench.registry.search_domains import Range
from bench.store.location import locate
from bench.store.look import look
from bench.store.migrate import VERSION_TABLE
from bench.store.schema import REVISIONS, Base
from bench.store.store import Store
from bench.store.worker import new_worker
from bench.tune.sampler import KeyedSampler
from bench.tune.space import Space
from bench.tune.storage import has_studies, optuna_storage
from bench.tune.trials import Trials

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["optuna", "bench.store.store", "bench.tune.trials"])
SPACE = Space(("a", "b"), {"linear": {"lr": Range(1e-4, 1e-1, log=True)}})


def tables(url: str) -> set[str]:
    with Store.open(url) as store, store.sessions.reading() as session:
        return set(sa.inspect(session.connection()).get_table_names())


def revisions(url: str) -> tuple[str, str]:
    """Our revision and optuna's."""
    with Store.open(url) as store, store.sessions.reading() as session:
        ours = session.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608
        theirs = session.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    (one,), (other,) = ours, theirs
    return one, other


def trial_in(url: str, name: str = "study") -> None:
    """Make a study, and a trial in it that is worth something."""
    with optuna_storage(locate(url)) as storage:
        optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
        trials = Trials(storage, locate(url), name, KeyedSampler("tpe", 0))
        number = trials.begin(new_worker().process)
        assert trials.propose(number, SPACE) is not None
        trials.tell_done(number, 0.5)


def both(url: str) -> None:
    runs, run_ids = plans(3)
    with Store.open(url) as store:
        store.plan(sweep(run_ids), runs)
    trial_in(url)


def ours_first(url: str) -> None:
    Store.open(url).close()
    both(url)


def theirs_first(url: str) -> None:
    if "://" not in url:
        Path(url).touch()
    trial_in(url)
    both(url)


@pytest.mark.parametrize("begin", [ours_first, theirs_first])
def test_whoever_comes_first_both_keep_their_tables_and_their_revision(
    url: str, begin: Callable[[str], None]
) -> None:
    begin(url)
    ours, theirs = revisions(url)
    assert ours == REVISIONS[-1] != theirs
    assert tables(url) >= {*Base.metadata.tables, "studies", "trials", "trial_params", "alembic_version"}
    with Store.open(url) as store:
        assert len(store.rows()) == 3
    with optuna_storage(locate(url)) as storage:
        trials = Trials(storage, locate(url), "study", KeyedSampler("tpe", 0)).all()
    assert {trial.value for trial in trials} == {0.5}


def test_an_upgrade_of_ours_leaves_optunas_tables_as_they_are(tmp_path: Path) -> None:
    old = Path(shutil.copy(FIXTURES / "runs-v2.db", tmp_path / "runs.db"))
    trial_in(str(old))
    before = optunas_rows(old)
    Store.open(old).close()
    assert revisions(str(old))[0] == REVISIONS[-1]
    assert optunas_rows(old) == before


def optunas_rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        named = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        theirs = sorted({name for (name,) in named} - {*Base.metadata.tables, VERSION_TABLE})
        assert {"studies", "trials", "alembic_version"} <= {*theirs}
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in theirs}  # noqa: S608 - constants


def test_a_database_without_studies_is_asked_for_them_without_making_tables(url: str) -> None:
    with Store.open(url) as store:
        assert not has_studies(store)
        assert "studies" not in tables(url)
    trial_in(url)
    with Store.open(url) as store:
        assert has_studies(store)


def test_what_looks_at_a_database_sees_our_runs_alone(path: Path) -> None:
    ours_first(str(path))
    assert look(path).runs == 3
    assert look(path).schema == look(path).newest


def test_a_path_with_the_signs_of_templates_urls_and_formats_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a {b} %c%20 d?e#f.db"
    both(str(path))
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".db"] == [path.name]


def test_optuna_waits_for_our_writers_and_we_for_its(path: Path) -> None:
    """Neither begins a transaction that it has to upgrade, so nobody is told that the database is locked."""
    ours_first(str(path))
    others = [CONTEXT.Process(target=task, args=(str(path), 10)) for task in (many_trials, many_sweeps) * 2]
    for process in others:
        process.start()
    for process in others:
        process.join(timeout=120)
    assert [process.exitcode for process in others] == [0] * 4
    with optuna_storage(locate(path)) as storage:
        found = Trials(storage, locate(path), "study", KeyedSampler("tpe", 0)).all()
    assert [trial.number for trial in found] == list(range(21))


def many_trials(url: str, count: int) -> None:
    for _ in range(count):
        trial_in(url)


def many_sweeps(url: str, count: int) -> None:
    with Store.open(url) as store:
        for number in range(count):
            runs, run_ids = plans(number + 1)
            store.plan(sweep(run_ids), runs)


def test_processes_that_make_optunas_tables_at_once_all_find_them(url: str) -> None:
    Store.open(url).close()
    start = time.time() + 2
    others = [CONTEXT.Process(target=trial_at, args=(url, start)) for _ in range(4)]
    for process in others:
        process.start()
    for process in others:
        process.join(timeout=120)
    assert [process.exitcode for process in others] == [0] * 4


def trial_at(url: str, start: float) -> None:
    time.sleep(max(0.0, start - time.time()))
    trial_in(url)


def test_tables_of_another_optuna_are_an_error_that_says_so(path: Path) -> None:
    trial_in_new(path)
    with sa.create_engine(f"sqlite:///{path}").begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'v9999'"))
    with pytest.raises(StoreError, match="another version of optuna") as error, optuna_storage(locate(path)):
        pass
    assert "no longer compatible" in error.value.why
    assert "--db" in error.value.todo


def trial_in_new(path: Path) -> None:
    Store.open(path).close()
    trial_in(str(path))
