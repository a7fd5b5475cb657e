"""What `bench plan` writes, where it writes it, and what it leaves alone."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest
from command_line import bench

TINY = ("-m", "timm/test_resnet,timm/test_vit", "--image-size", "160")


def test_what_is_left_out_is_counted_and_on_request_listed_with_the_reason():
    asked = ("plan", "-d", "digits", "-m", "timm/test_resnet,resnet18", "-s", "linear,last_blocks(9)", "-b", "1M")
    brief, listed = bench(*asked).stdout, bench(*asked, "--rejected").stdout
    assert "3 are left out (--rejected lists them, with why)" in brief
    assert "11.18M > 1M" not in brief
    assert re.search(r"timm/resnet18 +linear +11,181,642 +5,130 +\d\.\d{4} +total 11\.18M > 1M *\n", listed)
    assert "This backbone has 4" in listed


def test_it_ends_with_a_forecast_of_runs_download_and_time_on_this_device(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))  # with no weights in it
    last = bench("plan", "--dataset", "cub", *TINY).stdout.splitlines()[-1]
    time = r"[\d.]+( (ms|s|min|h))? to [\d.]+ (ms|s|min|h)"
    assert re.fullmatch(rf"6 runs, 0\.00 GB to download, roughly {time} on .+\.", last)
    offline = bench("plan", "-d", "digits", "-m", "test_resnet@none", "-s", "linear").stdout.splitlines()[-1]
    assert offline.startswith("1 run, nothing to download, roughly ")


WATCHED = """
import json, sys
seen = []

def watch(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        seen.append(event)
    if event == "open" and str(arguments[0]).endswith(".png"):
        seen.append(str(arguments[0]))

image = sys.argv.pop(1)
sys.addaudithook(watch)
from bench.__main__ import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
planned = list(seen)
open(image, "rb").close()
print(json.dumps([planned, seen]), file=sys.stderr)
"""


def test_no_image_is_read_and_nothing_is_connected_to(tiny_folder):
    image = str(tiny_folder / "train" / "sand" / "00.png")
    asked = ["plan", "--dataset", f"folder:{tiny_folder}", *TINY, "--json"]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, image, *asked], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["runs"]
    assert json.loads(done.stderr) == [[], [image]]


def test_progress_of_the_counting_is_for_a_terminal_and_never_among_the_data():
    terminal, side = pty.openpty()
    asked = ["plan", "--dataset", "digits", "-m", "timm/test_efficientnet", "--image-size", "136", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "bench", *asked],
        stdout=subprocess.PIPE,
        stderr=side,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(side)
        shown = read_all(terminal)
        stdout, _ = process.communicate()
    assert process.returncode == 0
    assert "Counting models" in shown
    assert "timm/test_efficientnet" in shown
    assert len(json.loads(stdout)["runs"]) == 3


def read_all(terminal: int) -> str:
    """Read what a process writes to a terminal until it ends (Linux then answers with an error)."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode(errors="replace")
        parts.append(part)


def test_a_limit_is_for_the_eye_and_not_for_data():
    asked = ("plan", "--dataset", "digits", *TINY, "--limit", 2)
    text = bench(*asked).stdout
    assert "... and 4 more; --limit 0 shows all." in text
    assert text.count("timm/test_") == 2
    assert len(bench(*asked, "--json").data["runs"]) == 6


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_on_a_narrow_terminal_no_line_is_too_long_and_no_number_is_torn(columns):
    wanted = ("plan", "-d", "cub", "-m", "timm/vit_tiny_patch16_224", "-s", "linear,last_blocks(1)+norm,full")
    (row,) = [r for r in bench(*wanted, "--json").data["runs"] if r["strategy"] == "linear"]
    text = bench(*wanted, columns=columns).stdout
    assert max(map(len, text.splitlines())) <= columns
    assert f"{row['total_params']:,}" in text
    assert f"{row['trainable_params']:,}" in text
    assert "--rejected" not in text
