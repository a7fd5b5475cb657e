"""What a backend of the frozen pass is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.hardware.device import Precision

Compute = Callable[[Tensor], tuple[Tensor, ...]]
"""Scaled images (N, 3, H, W) of any number, in any layout -> what crosses the frontiers, (N, ...) each."""

Prepare = Callable[[nn.Module, Tensor, torch.device, Precision], Compute]
"""(frozen part, a first batch on the device, device, precision) -> what computes it."""


class BackendError(BenchError):
    """A backend is missing, cannot compute what is asked, or cannot take this model."""


@dataclass(frozen=True)
class Backend:
    """One line of the table.

    `lacking(device, precision)` gives the error to raise where something keeps it from being used here, else None;
    the versions of `packages` are part of the key under which what it computes is kept.
    """

    prepare: Prepare
    lacking: Callable[[torch.device, Precision], BackendError | None]
    packages: tuple[str, ...] = ("torch",)


def not_installed(name: str, package: str) -> BackendError:
    """Make the error for a backend whose optional packages are not installed."""
    return BackendError(
        f"The backend {name} is not installed.",
        f"It needs the package {package}.",
        f"Run: pip install 'backbone-bench[{name}]'",
    )


def not_converted(name: str, error: Exception) -> BackendError:
    """Make the error for a model that a backend cannot take."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return BackendError(
        f"The backend {name} cannot take this model.",
        f"{reason}.",
        "Take --backend eager, which takes every model.",
    )
