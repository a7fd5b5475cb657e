"""How fast this machine computes: measured once for each device and torch version, then kept for every plan.

The probe is an inverted residual block (pointwise, depthwise, pointwise; Sandler et al. 2018), the mixture that
most backbones under 10M parameters are made of. It is right within a factor of about two, until runs are measured.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import get_args

from bench.disk.atomic import write_text
from bench.disk.home import bench_home
from bench.hardware.cpus import available_cpus
from bench.spec import PrecisionAsked, digest

_VERSION = 2
"""Raised when another version would resolve precisions, or compute them, otherwise."""


@dataclass(frozen=True)
class Machine:
    """What a forecast needs: the device, a line that names the hardware, and seconds per 1e9 MACs.

    `forward_s` is for inference, `train_s` for forward and backward together, counted as train_gmacs; `precisions`
    says what each precision that a recipe may ask for becomes on this device.
    """

    device: str
    hardware: str
    forward_s: float
    train_s: float
    precisions: dict[str, str]

    def precision_for(self, asked: str) -> str:
        """Resolve a recipe's precision as `bench.hardware.device.precision_for` does on this device."""
        return self.precisions[asked]


def machine(device: str = "auto") -> Machine:
    """Return what was measured earlier on this host for this device, or measure it (about a second)."""
    path = machine_path(device)
    try:
        return Machine(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        measured = _measure(device)
        write_text(path, json.dumps(asdict(measured)), best_effort=True)
        return measured


def machine_path(device: str, what: str = "") -> Path:
    """Return the file in which something measured once on this host, for a device, is kept."""
    names = [socket.gethostname(), device.replace(":", "-"), version("torch"), _computing(), what]
    return bench_home() / "machines" / f"{'_'.join(filter(None, names))}.json"


def _computing() -> str:
    """Tell apart, without torch, what it would compute with: the visible GPUs and the number of CPU threads."""
    visible = {name: value for name, value in os.environ.items() if name.endswith("VISIBLE_DEVICES")}
    drivers = sorted(str(path) for path in Path("/proc/driver/nvidia/gpus").glob("*"))
    threads = os.environ.get("OMP_NUM_THREADS") or available_cpus()
    return digest([_VERSION, visible, drivers, str(threads)])[:8]


def _measure(name: str) -> Machine:
    import torch  # noqa: PLC0415 - slow to import; a kept measurement needs none
    from torch import nn  # noqa: PLC0415 - the same

    from bench.hardware import device as devices  # noqa: PLC0415 - the same

    device = devices.pick(name)
    precision, _ = devices.precision_for(device, "auto")
    wide, size = 192, 28
    depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
    layers = (nn.Conv2d(32, wide, 1), nn.ReLU6(), depthwise, nn.ReLU6(), nn.Conv2d(wide, 32, 1))
    block = devices.place(nn.Sequential(*layers), device)
    images = torch.randn(devices.chunk_size(device), 32, size, size, device=device)
    images = images.to(memory_format=torch.channels_last)
    gmacs = len(images) * size * size * (2 * 32 * wide + 9 * wide) / 1e9

    def timed(train: bool) -> float:  # noqa: FBT001 - called twice, below
        best = float("inf")
        for _ in range(6):
            devices.synchronize(device)
            start = time.perf_counter()
            with torch.set_grad_enabled(train), devices.autocast(device, precision):
                out = block(images)
            if train:
                out.float().sum().backward()
            devices.synchronize(device)
            best = min(best, time.perf_counter() - start)
        return best

    forward, both = timed(train=False) / gmacs, timed(train=True) / (3 * gmacs)
    precisions: dict[str, str] = {
        asked: devices.precision_for(device, asked)[0] for asked in get_args(PrecisionAsked)
    }
    return Machine(str(device), devices.hardware(device), forward, both, precisions)
