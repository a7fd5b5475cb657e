from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    from bench.hardware.allocator import keep_freed_memory
    if not keep_freed_memory():
        sys.exit(77)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def touch():
    np.ones(64 << 20, dtype=np.uint8)
touch()
before = faults()
for _ in range(8):
    touch()
print(faults() - before)
"""


def _faults(way: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, way], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this C library has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_memory_that_is_freed_is_used_again_without_page_faults() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("the heap of other systems is left alone")
    given_back, kept = _faults("given back"), _faults("kept")
    assert kept < given_back / 10


PEAKS = """
import sys
import numpy as np
from bench.hardware.allocator import keep_freed_memory
from bench.hardware.device import pick
from bench.hardware.peak_memory import PeakMemory
device = pick("cpu")
if not keep_freed_memory():
    sys.exit(77)
def peak(mib):
    with PeakMemory(device) as memory:
        np.ones(mib << 20, dtype=np.uint8)
    return memory.bytes >> 20
print(peak(8), peak(512), peak(8))
"""


def test_the_peak_of_a_run_is_not_that_of_a_larger_one_before_it() -> None:
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this C library has no mallopt")
    first, large, second = map(int, done.stdout.split())
    assert large > first + 400
    assert second < first + 50
