"""Where and how an attempt ran: what a reader needs to judge or repeat it, and nothing that decides its id."""

from __future__ import annotations

import contextlib
import platform
import socket
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from bench.environment import command_line
from bench.hardware.device import hardware
from bench.records.runs import Provenance

PACKAGES = (
    "backbone-bench", "torch", "torchvision", "timm", "numpy", "pillow", "openvino", "onnxruntime",
    "albumentations", "opencv-python-headless",
)  # fmt: skip


def provenance(device: torch.device) -> Provenance:
    """Describe this process: hardware, versions, the commit of the checkout it runs from, its command line."""
    commit, dirty = _commit()
    return Provenance(
        hardware=hardware(device),
        device=str(device),
        threads=torch.get_num_threads(),
        host=socket.gethostname(),
        command=command_line(),
        versions=_versions(),
        commit=commit,
        dirty=dirty,
    )


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


@cache
def _commit() -> tuple[str | None, bool | None]:
    """Return the commit and whether the tree differs from it; (None, None) outside a checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None, None
    try:
        commit = _git(folder, "rev-parse", "HEAD").strip()
        return commit, bool(_git(folder, "status", "--porcelain", "--untracked-files=no").strip())
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - git
    return done.stdout
