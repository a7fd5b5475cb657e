"""Commands that are killed while they write: what they were to write is there whole, or not at all."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import time

import pytest
from command_line import bench

LONG = os.environ.get("BENCH_TEST_LONG") == "1"
KILLS = 40 if LONG else 6


def killed(words: list[str], after_s: float) -> None:
    """Fork, run a command in the child, and kill it after so long."""
    child = os.fork()
    if child == 0:
        try:
            bench(*words)
        finally:
            os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def content(path) -> dict[str, bytes]:
    """Return the files of a site, or a single file, without the time that they name; a build's own are hidden."""
    found = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    files = [p for p in found if not any(part.startswith(".") for part in p.relative_to(path.parent).parts)]
    return {
        str(p.relative_to(path.parent)): re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d[^<]*<", b"", p.read_bytes())
        for p in files
    }


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("export", "runs"), "runs.csv"),
        (("export", "leaderboard"), "board.json"),
        (("report", "--single-file"), "report.html"),
        (("report", "--pages", "3"), "site"),
    ],
)
def test_what_a_killed_command_was_writing_is_whole_or_as_it_was(typical_db, tmp_path, words, name):
    path = tmp_path / name
    words = [*words, "--db", typical_db, "-o", path]
    begun = time.monotonic()
    assert bench(*words).code == 0
    took, before = time.monotonic() - begun, content(path)
    moments = random.Random(name)  # noqa: S311 - moments, not secrets
    for number in range(KILLS):
        if number % 2:  # there was nothing before
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        elif not (path.exists() and content(path)):
            assert bench(*words).code == 0, "what a kill left is in the way"
        killed(words, moments.uniform(0, took))
        now = content(path) if path.exists() else {}
        if name == "site" and number % 2:
            assert now.keys() <= before.keys()  # page by page, the overview last
            assert "site/index.html" not in now or now.keys() == before.keys()
        elif now or not number % 2:
            assert now.keys() == before.keys(), f"half-written at kill {number}"
            assert {k: len(v) for k, v in now.items()} == {k: len(v) for k, v in before.items()}
    assert bench(*words).code == 0
    assert content(path).keys() == before.keys()
