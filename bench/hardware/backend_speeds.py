"""How fast each backend computes a backbone on this machine: measured once by a sweep, kept for every plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.disk.atomic import write_text
from bench.disk.home import bench_home
from bench.environment import versions
from bench.hardware.machine import Machine
from bench.spec import RunSpec, digest

PACKAGES = ("torch", "torchvision", "timm", "openvino", "onnx", "onnxruntime", "onnxscript")
"""Another version of any of them is measured anew."""


@dataclass(frozen=True)
class Speeds:
    """Images per second and seconds of preparation by backend, and why the others cannot be used here."""

    images_per_s: Mapping[str, float]
    prepared_s: Mapping[str, float]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def soonest(self, images: int) -> str:
        """Name the backend that is through with so many images first, its preparation included."""
        return min(self.images_per_s, key=lambda name: self.prepared_s[name] + images / self.images_per_s[name])


def kept_speeds(machine: Machine, spec: RunSpec) -> Speeds | None:
    """Return what was measured on this machine for a run's backbone, image size and precision; None if nothing."""
    try:
        return Speeds(**json.loads(_path(machine, spec).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def keep_speeds(machine: Machine, spec: RunSpec, speeds: Speeds) -> None:
    """Keep a measurement, if the disk allows."""
    write_text(_path(machine, spec), json.dumps(asdict(speeds)), best_effort=True)


def _path(machine: Machine, spec: RunSpec) -> Path:
    measured = [spec.backbone.name, spec.transform.image_size, spec.precision]
    key = digest([machine.device, machine.hardware, measured, versions(PACKAGES)])
    return bench_home() / "backends" / f"{key[:32]}.json"
