"""How fast this machine computes: measured once for each device and torch version, then kept for every plan.

The probe is an inverted residual block (pointwise, depthwise, pointwise; Sandler et al. 2018), the mixture that
most backbones under 10M parameters are made of. It is right within a factor of about two, until runs are measured.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version

from bench.atomic import write_text
from bench.home import bench_home


@dataclass(frozen=True)
class Machine:
    """What a forecast needs: the device, a line that names the hardware, and seconds per 1e9 MACs.

    `forward_s` is for inference, `train_s` for forward and backward together, counted as train_gmacs.
    """

    device: str
    hardware: str
    forward_s: float
    train_s: float
    bf16: bool

    def precision_for(self, asked: str) -> str:
        """Resolve a recipe's precision as `bench.device.precision_for` would on this device."""
        if asked == "auto":
            return "bf16" if self.bf16 and self.device.startswith("cuda") else "fp32"
        cannot = (asked == "bf16" and not self.bf16) or (asked == "fp16" and self.device == "cpu")
        return "fp32" if cannot else asked


def machine(device: str = "auto") -> Machine:
    """Return what was measured earlier on this host for this device, or measure it (about a second)."""
    path = bench_home() / "machines" / f"{socket.gethostname()}_{device.replace(':', '-')}_{version('torch')}.json"
    try:
        return Machine(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        measured = _measure(device)
        write_text(path, json.dumps(asdict(measured)), best_effort=True)
        return measured


def _measure(name: str) -> Machine:
    import torch  # noqa: PLC0415 - slow to import; a kept measurement needs none
    from torch import nn  # noqa: PLC0415 - the same

    from bench.device import autocast, hardware, pick, place, precision_for, synchronize  # noqa: PLC0415 - the same

    device = pick(name)
    precision, _ = precision_for(device, "auto")
    wide, size = 192, 28
    depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
    layers = (nn.Conv2d(32, wide, 1), nn.ReLU6(), depthwise, nn.ReLU6(), nn.Conv2d(wide, 32, 1))
    block = place(nn.Sequential(*layers), device)
    images = torch.randn(8 if device.type == "cpu" else 256, 32, size, size, device=device)
    images = images.to(memory_format=torch.channels_last)
    gmacs = len(images) * size * size * (2 * 32 * wide + 9 * wide) / 1e9

    def timed(train: bool) -> float:  # noqa: FBT001 - called twice, below
        best = float("inf")
        for _ in range(6):
            synchronize(device)
            start = time.perf_counter()
            with torch.set_grad_enabled(train), autocast(device, precision):
                out = block(images)
            if train:
                out.float().sum().backward()
            synchronize(device)
            best = min(best, time.perf_counter() - start)
        return best

    forward, both = timed(train=False) / gmacs, timed(train=True) / (3 * gmacs)
    return Machine(str(device), hardware(device), forward, both, bf16=precision_for(device, "bf16")[0] == "bf16")
