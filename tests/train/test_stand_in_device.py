"""The path of accelerators, step by step on a device that stands in for one.

It runs in a process of its own: autograd counts the devices when it first computes a gradient, and a device that
is registered later has no queue.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STEPS = Path(__file__).with_name("stand_in_device_steps.py")


@pytest.mark.slow
def test_every_path_of_an_accelerator_takes_its_steps_on_a_stand_in():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(STEPS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=STEPS.parents[2])
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
