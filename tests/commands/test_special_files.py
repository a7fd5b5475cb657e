"""Output that goes through links, into pipes and devices, and never replaces them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from command_line import bench, refused

from bench.disk.atomic import atomic_file, write_text
from bench.errors import StoreError


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    target, link = tmp_path / "deep" / "target.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    target.write_text("before")
    target.chmod(0o600)
    link.symlink_to(Path("deep") / "target.txt")
    write_text(link, "after")
    assert link.is_symlink()
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("after", 0o600)
    assert {item.name for item in tmp_path.rglob("*")} == {"deep", "target.txt", "link.txt"}


def test_a_link_to_nothing_makes_its_target(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "new").read_text() == "text"


def test_links_in_a_circle_are_an_error_and_stay(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StoreError, match="Cannot write"):
        write_text(tmp_path / "a", "text")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_gets_everything_and_stays(tmp_path):
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with atomic_file(pipe) as temporary:
        temporary.write_bytes(b"x" * 1_000_000)
    reader.join()
    assert got == [b"x" * 1_000_000]
    assert pipe.is_fifo()


def test_nothing_goes_into_a_pipe_if_the_writing_fails(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def fail():
        with atomic_file(pipe) as temporary:  # nobody reads: to open the pipe would wait
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


OUTPUTS = [
    ("export", "leaderboard", "-o"),
    ("export", "pareto", "--format", "png", "-o"),
    ("report", "--single-file", "-o"),
]


@pytest.mark.parametrize("words", OUTPUTS, ids=lambda words: words[1])
def test_every_output_goes_through_devices_and_links(typical_db, tmp_path, words):
    assert bench(*words, "/dev/null", "--db", typical_db).code == 0
    assert Path("/dev/null").is_char_device()
    file, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(file)
    if words[1] == "leaderboard":
        words = ("export", "leaderboard", "--format", "csv", "-o")
    assert bench(*words, link, "--db", typical_db).code == 0
    assert link.is_symlink()
    assert file.stat().st_size > 500


def test_dev_stdout_is_this_processes_own_output_and_is_appended_to(typical_db, tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    command = shlex.join(
        [sys.executable, "-m", "bench", "export", "leaderboard", "--db", str(typical_db), "-o", "/dev/stdout"]
    )
    subprocess.run(["bash", "-c", f"{command} >> {shlex.quote(str(log))}"], check=True)
    first, second, *_ = log.read_text().splitlines()
    assert first == "before"
    assert "val_top1" in second
    piped = subprocess.run(["bash", "-c", f"{command} | cat"], check=True, capture_output=True, text=True)
    assert "val_top1" in piped.stdout.splitlines()[0]


@pytest.mark.parametrize("words", OUTPUTS, ids=lambda words: words[1])
def test_an_output_that_cannot_be_is_an_error_in_three_parts(typical_db, tmp_path, words):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    for place in (tmp_path / "loop", tmp_path / "file" / "below", "x" * 300, "/proc/nothing"):
        refused(*words, place, "--db", typical_db)
