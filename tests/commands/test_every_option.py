"""Whatever is written in whatever place of a command line: no traceback, a documented exit code, no raw controls.

The suite draws a few values for each place; `BENCH_TEST_LONG=1` tries every value in every place (about an hour).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from command_line import bench
from hostile import BASES, TEXTS, Slot, at_most, commands, make_traps, slots

from bench.errors import BAD_INPUT, EXIT_CODES

LONG = os.environ.get("BENCH_TEST_LONG") == "1"
SLOW = {"sweep", "tune", "reproduce", "plan", "augment", "doctor", "transfer", "report", "timing", "datasets"}
"""Commands that plan, open datasets or import torch: fewer values in the suite."""

_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_SECONDS = 120


@pytest.fixture
def folder(tmp_path, typical_db, monkeypatch):
    """A working folder with traps in it, and a database of its own."""
    import bench.sweep.session  # noqa: F401 - torch and timm take their time, which is no command's fault

    make_traps(tmp_path)
    shutil.copy(typical_db, tmp_path / "runs.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(slot: Slot, value: str) -> None:
    """Run a command with a value in one place, and check how it ends."""
    words = slot.words(value)
    try:
        with at_most(_SECONDS):
            ended = bench(*words)
    except BaseException as error:
        error.add_note(f"bench {' '.join(words)!r:.300}")
        raise
    said = f"bench {' '.join(words)!r:.300} -> {ended}"
    assert ended.code in EXIT_CODES, said
    assert "Traceback" not in ended.stderr, said
    assert not _RAW.search(ended.stdout + ended.stderr), said
    if ended.code == BAD_INPUT:
        _, found, error = ended.stderr.rpartition("error: ")
        assert found, said
        assert len(error.strip().splitlines()) >= 3, said


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", sorted(commands()))
def test_no_value_of_any_option_or_argument_ends_in_a_traceback(command):
    few = 1 if command in SLOW else 2
    places = [slot for slot in slots() if slot.command == command]
    if command in SLOW and not LONG:
        places = [slot for at, slot in enumerate(places) if at % 3 == sum(map(ord, command)) % 3]
    for slot in places:
        for value in slot.values(len(TEXTS) if LONG else few):
            check(slot, value)
    assert Path("loop").is_symlink()
    assert Path("pipe").is_fifo()


KNOWN = [
    ("leaderboard", "--db", "x" * 300),
    ("leaderboard", "--db", "loop"),
    ("leaderboard", "--db", "~nouser/x.db"),
    ("leaderboard", "--db", "postgresql://u:p@localhost:1/x?nonsense=1"),
    ("leaderboard", "--budget", "total<=" + "9" * 400),
    ("leaderboard", "--registry", "~nouser/x"),
    ("sweeps", "", "9" * 24),
    ("sweeps", "", "-1"),
    ("plan", "--dataset", "folder:" + "x" * 5000),
    ("plan", "--dataset", "folder:~nouser/x"),
    ("plan", "--dataset", "folder:loop"),
    ("plan", "--dataset", "folder:/dev/zero"),
    ("plan", "--data-root", "~nouser/x"),
    ("plan", "--groups", "kind=deep.toml"),
    ("plan", "--set", "lr=" + "9" * 400),
    ("plan", "--strategies", "last_blocks(" + "9" * 400 + ")"),
    ("predict", "images", "/dev/zero"),
    ("predict", "images", "pipe"),
    ("transfer", "--label-map", "deep.toml"),
    ("report", "--out", "~nouser/x.html"),
    ("show", "run", "x" * 5000),
]
"""What once ended in a traceback, or never."""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "place", "value"), KNOWN, ids=lambda text: text[:20])
def test_what_once_ended_in_a_traceback_no_longer_does(command, place, value):
    slot = next(s for s in slots() if s.command == command and place in (s.option, s.name if not s.option else ""))
    check(slot, value)


def test_every_place_is_tried_and_every_base_is_a_command():
    assert set(BASES) <= set(commands())
    assert len(slots()) > 200
    assert len({slot.command for slot in slots()}) == len([c for c in commands().values() if c.params])


def test_a_toml_of_20000_levels_is_refused_wherever_toml_is_read(folder):
    registry = folder / "registry"
    registry.mkdir()
    shutil.copy("deep.toml", registry / "datasets.toml")
    ended = bench("strategies", "--registry", registry)
    assert ended.code == 0
    assert "warning: Ignored" in ended.stderr
    assert "nested too deeply" in ended.stderr


def test_an_unwritable_home_and_no_home_are_no_traceback(folder, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", "/dev/null/home")
    assert bench("leaderboard").code == 0
    assert bench("backbones", "resnet18").code in (0, 2)
    monkeypatch.delenv("BENCH_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    assert bench("leaderboard").code == 0


def test_windows_is_named_as_unsupported(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    ended = bench("doctor")
    assert ended.code == BAD_INPUT
    assert ended.stderr.splitlines()[0] == "error: bench does not run on Windows."
    assert "WSL" in ended.stderr
