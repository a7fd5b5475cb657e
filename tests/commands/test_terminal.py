"""What reaches a terminal, a pipe and a terminal that knows few characters."""

import os
import pty
import subprocess
import sys

import pytest
from plausible_runs import MODELS, make_planned, record_done

from bench.store.store import Store

PLAIN = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("terminal") / "runs.db"
    with Store.open(path) as store:
        runs = [make_planned(model, strategy) for model in MODELS[:6] for strategy in ("linear", "full")]
        record_done(store, [*runs, *(make_planned(MODELS[0], "linear", seed) for seed in (1, 2))])
    return path


def piped(db, *words, **environment):
    """Run a command with its output in a pipe."""
    command = [sys.executable, "-m", "bench", *words, "--db", str(db)]
    done = subprocess.run(command, env={**PLAIN, **environment}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def on_terminal(db, *words, columns, lines, **environment):
    """Run a command on a real pseudo-terminal of that size."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "bench", *words, "--db", str(db)]
    process = subprocess.Popen(command, env={**PLAIN, **size, **environment}, stdout=theirs, stderr=theirs)
    os.close(theirs)
    found = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        found += part
    os.close(ours)
    assert process.wait() == 0, found.decode()
    return found.decode()


def test_a_pipe_has_no_colour_every_column_and_one_line_per_row(db):
    text = piped(db, "leaderboard").decode()
    assert "\x1b" not in text
    assert all(title in text for title in ("time alone", "last epoch % †", "best on test % †", "seeds"))
    assert (
        sum(line.lstrip()[:1].isdigit() for line in text.splitlines() if "linear" in line or "full" in line) == 12
    )
    assert "└" not in text


def test_columns_may_be_asked_of_a_pipe(db):
    assert max(len(line) for line in piped(db, "leaderboard", COLUMNS="40").decode().splitlines()) <= 40


@pytest.mark.parametrize("words", [("leaderboard", "--plot"), ("show", "RUN")])
@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1"])
def test_few_characters_are_enough_and_columns_stay_where_they_are(db, words, encoding):
    with Store.open(db, create=False) as store:
        words = [store.rows()[0].run_id if word == "RUN" else word for word in words]
    text = piped(db, *words, PYTHONIOENCODING=encoding, COLUMNS="120").decode(encoding)
    assert "?" not in text
    if words[0] == "leaderboard":
        assert ("90.9 ~ " if encoding == "ascii" else "±") in text
        rows = [line for line in text.splitlines() if line.count("|") > 5]
        assert len({tuple(i for i, char in enumerate(row) if char == "|") for row in rows}) == 1


def test_a_terminal_with_room_shows_the_plot_and_one_without_does_not(db):
    assert "└" in on_terminal(db, "leaderboard", columns=120, lines=60)
    assert "└" not in on_terminal(db, "leaderboard", columns=120, lines=30)
    assert "└" not in on_terminal(db, "leaderboard", columns=60, lines=90)
    assert "└" not in on_terminal(db, "leaderboard", "--no-plot", columns=120, lines=60)
    assert "└" in on_terminal(db, "leaderboard", "--plot", columns=40, lines=10)


def test_colour_is_for_terminals_and_can_be_refused(db):
    assert "\x1b[" in on_terminal(db, "leaderboard", columns=100, lines=30)
    for refused in ({"words": ("--no-color",)}, {"NO_COLOR": "1"}):
        words = refused.pop("words", ())
        text = on_terminal(db, "leaderboard", *words, columns=100, lines=30, **refused)
        assert ";5;" not in text
        assert "32m" not in text
    assert b"\x1b[" in piped(db, "leaderboard", FORCE_COLOR="1", TERM="xterm-256color")
    assert b";5;" not in piped(db, "leaderboard", "--no-color", FORCE_COLOR="1", TERM="xterm-256color")


@pytest.mark.parametrize("columns", [40, 60])
@pytest.mark.parametrize("what", ["leaderboard", "show"])
def test_narrow_terminals_keep_names_whole_and_lines_within(db, columns, what):
    with Store.open(db, create=False) as store:
        first = store.rows()[0]
        words = [what, *([first.run_id[:12]] if what == "show" else [])]
    text = on_terminal(db, *words, columns=columns, lines=40, NO_COLOR="1", TERM="dumb")
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("bench ")]  # to be copied whole
    assert max(map(len, lines)) <= columns
    assert first.backbone.rpartition("/")[2] in text
