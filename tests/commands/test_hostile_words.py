"""Words that no command expects: each is refused in three parts or does what it says; none ends in a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import bench, refused

TINY = ("-d", "digits", "-m", "timm/test_efficientnet@none", "-s", "linear", "--image-size", "16")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", *TINY, "--seeds", "99999999"), "'--seeds'"),
        (("plan", *TINY, "--epochs", "99999999999999999999"), "epochs: "),
        (("plan", *TINY, "--set", "batch_size=99999999999"), "batch_size: "),
        (("plan", *TINY, "--recipe", ""), "--recipe is empty."),
        (("plan", *TINY, "--data-root", __file__), "'--data-root'"),
        (("plan", "-d", "folder:"), "names no folder"),
        (("plan", "-d", "digits", "-m", "resnet18@"), "names no weights"),
        (("sweep", *TINY, "--workers", "100000"), "'--workers'"),
        (("sweep", *TINY[:3], "timm/resnet18@file:loop", *TINY[4:]), "Too many levels of symbolic links."),
        (("plan", *TINY, "--groups", "kind=loop"), "Too many levels of symbolic links."),
        (("anatomy", "bench/small_cnn", "--classes", "9" * 18), "The head ['linear'] is too large."),
        (("timing", "--image-size", "999999"), "'--image-size'"),
        (("timing", "--batch-size", "999999"), "'--batch-size'"),
        (("timing", "--compare", ""), "--compare is empty."),
        (("timing", "--save", ""), "--save is empty."),
        (("backbones", ""), "PATTERN is empty."),
        (("backbones", "--family", ""), "--family is empty."),
        (("datasets", ""), "NAME is empty."),
    ],
)
def test_a_value_that_means_nothing_is_refused(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    assert said in refused(*words)


def test_a_run_that_is_no_text_is_no_run_and_a_title_that_is_none_is_refused(typical_db, tmp_path):
    assert "No run begins with" in refused("show", "--db", typical_db, "\udcff")
    assert "--title is no text." in refused(
        "report", "--db", typical_db, "-o", tmp_path / "r.html", "--title", "\udcff"
    )
    said = shell(f"$BENCH show --db {shlex.quote(str(typical_db))} $'\\xff\\xfe'", tmp_path)
    assert said.returncode == 2
    assert said.stderr.startswith("error: What was given is no text.\nThe bytes of '\\udcff")


def test_a_report_named_by_nothing_is_refused(typical_db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "--out is empty" in refused("report", "--db", typical_db, "-o", "")


def test_clearing_what_is_not_kept_is_said():
    ended = bench("cache", "clear", "zzzz")
    assert (ended.code, ended.stdout) == (0, "0 entries freed, 0.0 MB.\n")
    assert "Nothing that is kept matches" in ended.stderr


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which `$BENCH` is the command line."""
    environment = {**os.environ, "BENCH": f"{shlex.quote(sys.executable)} -m bench"}
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("output", ["--json", ""])
@pytest.mark.parametrize("where", ["| true", ">&-", "2>&-"])
def test_an_output_that_nobody_reads_is_no_traceback(typical_db, tmp_path, output, where):
    done = shell(f"$BENCH leaderboard --db {shlex.quote(str(typical_db))} {output} {where}", tmp_path)
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_has_seen_enough_is_no_failure(typical_db, tmp_path):
    done = shell(
        f"$BENCH leaderboard --db {shlex.quote(str(typical_db))} --json | true; exit $PIPESTATUS", tmp_path
    )
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("output", ["--json", ""])
def test_an_output_without_room_is_said(typical_db, tmp_path, output):
    done = shell(f"$BENCH leaderboard --db {shlex.quote(str(typical_db))} {output} > /dev/full", tmp_path)
    assert done.stderr.startswith("error: Not everything could be written.\nNo space left on device.\n")
    assert done.returncode == 2


def test_a_database_may_have_a_name_that_is_no_text(tmp_path):
    done = shell(f"$BENCH sweep {shlex.join(TINY)} --epochs 1 --db $'\\xff.db'", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 done" in done.stderr
