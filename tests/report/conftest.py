import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))

from browser import browser, nothing_goes_wrong, visit, wrong
from overview_browser import reports, typical, typical_page
from plausible_runs import fill_typical

from bench.store.store import Store

# fixtures of the tests that drive a browser
__all__ = ["browser", "nothing_goes_wrong", "reports", "typical", "typical_page", "visit", "wrong"]


@pytest.fixture(scope="session")
def typical_db(tmp_path_factory):
    """A database with the typical sweep, to read only."""
    path = tmp_path_factory.mktemp("typical") / "runs.db"
    with Store.open(path) as store:
        fill_typical(store)
    return path


@pytest.fixture
def typical_rows(typical_db):
    with Store.open(typical_db, create=False) as store:
        return store.rows()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "runs.db") as opened:
        yield opened
