"""What a run needs to go on after its last finished epoch, bit for bit.

Randomness is keyed by (seed, purpose, epoch, step), so no random state is part of it.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.disk.atomic import atomic_file, disk_errors
from bench.disk.checksum import CHECKSUM_CHARS, checksum, file_checksum

FORMAT = 1
"""Raised when what is kept of a run changes: a checkpoint of another format is not gone on with."""


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
    """Write a checkpoint and its checksum, whole or not at all. Raises DiskFullError if there is no room."""
    with disk_errors(path), atomic_file(path) as temporary:
        torch.save({**state, "format": FORMAT}, temporary)
        ending = file_checksum(temporary).encode()
        with temporary.open("ab") as file:
            file.write(ending)


def load_checkpoint(
    path: Path, run_id: str, note: Callable[[str], None] = lambda _: None
) -> dict[str, Any] | None:
    """Read the checkpoint of a run; None if there is none, or none of this run that is as it was written.

    `note` is told of one that is damaged: the run then begins anew.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        note(f"The checkpoint of run {run_id[:12]} cannot be read ({error.strerror}): it begins anew.")
        return None
    body, ending = content[:-CHECKSUM_CHARS], content[-CHECKSUM_CHARS:]
    if checksum(body).encode() != ending:
        note(f"The checkpoint of run {run_id[:12]} is damaged: it begins anew.")
        return None
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:  # another version of torch wrote it
        note(f"The checkpoint of run {run_id[:12]} cannot be read ({type(error).__name__}): it begins anew.")
        return None
    return state if (state.get("run_id"), state.get("format")) == (run_id, FORMAT) else None
