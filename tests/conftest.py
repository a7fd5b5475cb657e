"""What all tests share: a home folder of their own, and the real images where this machine has them."""

from __future__ import annotations

import functools
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from read_only import ReadOnly

    from bench.models.classifier import Classifier
    from bench.models.trace import Trace

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))  # what several test files share

FOR_TESTS = ("BENCH_REQUIRE_", "BENCH_TEST_", "BENCH_CHROMIUM", "BENCH_ZOO")
"""Environment variables that are for the tests; every other `BENCH_...` is a user's."""

THIRDS = ("1/3", "2/3", "3/3")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--exhaustive", choices=("none", *THIRDS, "all"), default="all",
        help="which of the tests marked `exhaustive` to run: none, a third of them, or all (the default)",
    )  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the exhaustive tests that were not asked for; a test belongs to one third by its id."""
    wanted = config.getoption("exhaustive")
    if wanted == "all":
        return
    chosen = {third: number for number, third in enumerate(THIRDS)}.get(wanted)
    left_out = [
        item
        for item in items
        if item.get_closest_marker("exhaustive") and zlib.crc32(item.nodeid.encode()) % 3 != chosen
    ]
    config.hook.pytest_deselected(items=left_out)
    out = set(left_out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session", autouse=True)
def bench_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's own home folder, registry, data and database out of the tests.

    The folder is shared by all tests (and by xdist's workers), so that models are counted once; a test that wants
    an empty one sets BENCH_HOME itself.
    """
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "bench-home"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("BENCH_") and not name.startswith(FOR_TESTS)]:
            patch.delenv(name)
        patch.setenv("BENCH_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images beside the checkout (see its README.md)."""
    if not SHARED_DATA.is_dir():
        missing = f"the real images are not here: there is no folder {SHARED_DATA}"
        if os.environ.get("BENCH_REQUIRE_SHARED_DATA") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return SHARED_DATA


@pytest.fixture(scope="session")
def on_meta() -> Callable[..., tuple[Classifier, Trace]]:
    """Take a backbone apart on the meta device, each once a session: (name, image size) -> (classifier, trace)."""
    from bench.models.classifier import bare_on_meta
    from bench.spec import BackboneSpec

    @functools.cache
    def taken_apart(name: str, image_size: int = 224) -> tuple[Classifier, Trace]:
        library, _, architecture = name.partition("/")
        return bare_on_meta(BackboneSpec(library=library, architecture=architecture), image_size)

    return taken_apart


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four classes of noisy coloured images, 12 to train and 5 to test each: learnable, but not at once."""
    root = tmp_path_factory.mktemp("tiny")
    random = np.random.default_rng(0)
    for label, name in enumerate(("dusk", "grass", "night", "sand")):
        base = np.array([[90, 60, 130], [70, 120, 60], [50, 50, 70], [150, 130, 90]][label])
        for split, count in (("train", 12), ("test", 5)):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                noise = random.normal(0, 45, (20, 24, 3))
                pixels = np.clip(base + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return root


@pytest.fixture
def read_only() -> ReadOnly:
    """Make a folder read-only inside a `with`."""
    from read_only import made_read_only

    return made_read_only


@pytest.fixture(scope="session")
def trained_db(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a tiny network: two heads that train together, a block, everything, norms whose statistics move.

    To read only; their weights are kept beside it.
    """
    from trained_runs import TINY, swept

    db = tmp_path_factory.mktemp("trained") / "runs.db"
    swept(db, tiny_folder, *TINY, "-s", "linear", "--set", "lr=1e-2,3e-2")
    swept(db, tiny_folder, *TINY, "-s", "last_blocks(1),full")
    swept(db, tiny_folder, *TINY, "-s", "linear", "--set", "norm_stats=update")
    return db


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server's URL: the one that BENCH_TEST_POSTGRES names, else one started for these tests."""
    from postgres_server import server

    pytest.importorskip("psycopg", reason="the driver of PostgreSQL (psycopg) is not installed")
    if given := os.environ.get("BENCH_TEST_POSTGRES"):
        yield given
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("no PostgreSQL: BENCH_TEST_POSTGRES is not set and /usr/lib/postgresql is not there")
    with server(found[-1]) as started:
        yield started
