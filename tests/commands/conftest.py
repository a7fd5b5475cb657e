import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))  # plausible_runs

from plausible_runs import fill_typical

from bench.store.store import Store


@pytest.fixture(scope="session")
def typical_db(tmp_path_factory):
    """A database with about 40 plausible runs, to read only."""
    path = tmp_path_factory.mktemp("typical") / "runs.db"
    with Store.open(path) as store:
        fill_typical(store)
    return path


@pytest.fixture
def call():
    """Call one command as the command line does: `call(leaderboard, "--json")`; an error is raised."""

    def called(command, *arguments):
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(command)
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return called
