"""What a run needs to go on after its last finished epoch, bit for bit.

Randomness is keyed by (seed, purpose, epoch, step), so no random state is part of it.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.atomic import atomic_file, disk_errors


def changing_state(model: nn.Module) -> dict[str, Tensor]:
    """Return what training changes, by name: trainable parameters, and statistics of norms that update them."""
    model.train()
    moving = {n for n, m in model.named_modules() if isinstance(m, _BatchNorm) and m.training}
    state = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    return state | {n: b for n, b in model.named_buffers() if n.rpartition(".")[0] in moving}


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Copy what training changes to the CPU."""
    return {name: tensor.to("cpu", copy=True) for name, tensor in changing_state(model).items()}


def restore(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put a snapshot back into the model."""
    with torch.no_grad():
        for name, tensor in changing_state(model).items():
            tensor.copy_(state[name])


def stored_bytes(model: nn.Module) -> int:
    """Return the bytes that must be stored for this run: what training changed."""
    return sum(t.numel() * t.element_size() for t in changing_state(model).values())


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint whole or not at all. Raises DiskFullError where there is no room."""
    with disk_errors(path), atomic_file(path) as temporary:
        torch.save(dict(state), temporary)


def load_checkpoint(path: Path, run_id: str) -> dict[str, Any] | None:
    """Read the checkpoint of a run; None where there is none, or one that cannot be read or is another run's."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        return None
    return state if state.get("run_id") == run_id else None
