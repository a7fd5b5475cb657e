"""`make gpu-check` needs a GPU and says so; what it does is tried on the CPU with a tiny network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parent / "gpu_check.py"
sys.path.insert(0, str(SCRIPT.parent))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here: make gpu-check")
def test_without_a_gpu_it_says_so_in_three_parts() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    what, why, todo = done.stderr.strip().splitlines()
    assert "no GPU" in what
    assert "torch" in why
    assert "make gpu-check" in todo


def steps() -> list[str]:
    from gpu_steps import STEPS

    return list(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("name", steps())
def test_each_check_passes_on_the_cpu(name: str, tmp_path: Path) -> None:
    from gpu_steps import STEPS, Bench

    bench = Bench(torch.device("cpu"), tmp_path, size=32, images=8, backbone="timm/test_efficientnet")
    lines = STEPS[name](bench)
    assert lines
    assert [line for line in lines if not line.ok and line.what != "GPU"] == []
