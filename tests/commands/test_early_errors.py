"""Mistakes in a command's words are found before torch is imported, which takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WATCHED = """
import sys
from bench.__main__ import main
try:
    main()
finally:
    print("torch" in sys.modules)
"""

SWEEP = ("sweep", "--dataset", "digits", "--backbones", "timm/test_resnet@none")


@pytest.mark.parametrize(
    "words",
    [
        (*SWEEP, "--subset", "train=600,test=200"),
        (*SWEEP, "--strategies", "lastblocks(1)"),
        (*SWEEP, "--set", "learning_rate=3"),
        (*SWEEP, "--budget", "10x"),
        (*SWEEP, "--recipe", "probes"),
        (*SWEEP, "--target", "coarse"),
        ("sweep", "--dataset", "digitz"),
        ("sweep", "--dataset", "digits", "--backbones", "timm/resnet1"),
        ("tune", "--dataset", "digits", "--backbones", "timm/resnet1"),
        ("plan", "--dataset", "digits", "--budget", "10x"),
        ("reproduce", "cub-11m"),
        ("reproduce", "cub-10m", "--runs", "b9-full"),
        ("reproduce", "cub-10m", "--set", "learning_rate=3"),
        ("reproduce", "cub-10m", "--backbone", "resnet1"),
        ("reproduce", "cub-10m", "--subset", "train=600,test=200"),
        ("leaderboard", "--db", "not-there.db"),
        (*SWEEP, "--time-limit", "soon"),
        (*SWEEP, "--cache-budget", "much"),
        (*SWEEP, "--retry", "both"),
        (*SWEEP, "--device", "tpu"),
        (*SWEEP, "--backend", "tensorrt"),
        ("reproduce", "cub-10m", "--device", "tpu"),
        ("anatomy", "timm/resnet1"),
        ("predict", "3fa9c1", "bird.jpg", "--db", "not-there.db"),
        ("explain", "3fa9c1", "bird.jpg", "--db", "not-there.db"),
        ("evaluate", "3fa9c1", "--db", "not-there.db"),
        ("evaluate", "models/bird.safetensors"),
        ("keep", "3fa9c1", "--db", "not-there.db"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_an_error_of_three_parts_without_torch(words, tmp_path):
    from bench.models.catalogue import catalogue

    catalogue()  # made once for each version of timm, with torch
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *words],
        cwd=tmp_path,
        env={**os.environ, "BENCH_DB": str(tmp_path / "runs.db")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == "False\n"
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 3
