"""A checkpoint's tensors: read without running code, and given the names of the model that they are for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.errors import WeightsError

WRAPPERS = ("state_dict_ema", "state_dict", "model_state_dict", "model")
"""Keys below which training scripts put the tensors."""

PREFIXES = re.compile(r"^(module\.|_orig_mod\.)+")
"""What data-parallel training and torch.compile put before every name."""

AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
"""Torchvision's auxiliary classifiers, which are not built."""

COUNTER = "num_batches_tracked"
"""A batch norm's counter: not in old checkpoints, and without effect where momentum is a number."""

_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d\.)")


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint's tensors, by name, without ever running code from the file. Raises WeightsError."""
    try:
        state = _read(path)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        raise WeightsError(
            f"The weights file {path} cannot be read.",
            f"{type(error).__name__}: {reason}",
            "It must be a .safetensors file or a .pth of plain tensors; fetch it again.",
        ) from error
    for inner in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(inner), dict):
            state = state[inner]
    tensors = {str(n): t for n, t in state.items() if isinstance(t, Tensor)} if isinstance(state, dict) else {}
    if not tensors:
        raise WeightsError(
            f"The weights file {path} holds no named tensors.",
            f"It holds a {type(state).__name__}.",
            "It must hold a model's state_dict, alone or under one of: " + ", ".join(WRAPPERS) + ".",
        )
    return {_OLD_DENSENET.sub(r"\1\2", PREFIXES.sub("", name)): tensor for name, tensor in tensors.items()}


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file  # noqa: PLC0415 - only for such files

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def match_state(
    state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], optional: Iterable[str] = ()
) -> dict[str, Tensor] | None:
    """Give a checkpoint's tensors the names of a model's state (`wanted`); shapes must agree.

    They match by name; where no name agrees, by order. `optional` names may be in the checkpoint and are left out.
    Returns a whole state for the model, or None where the checkpoint does not fit.
    """
    state = {n: t for n, t in state.items() if n not in optional and not n.startswith(AUXILIARY)}
    for have, places in ((state, dict(wanted)), (_essential(state), _essential(wanted))):
        if not have.keys() & places.keys() and len(have) == len(places):
            have = dict(zip(places, have.values(), strict=True))  # noqa: PLW2901 - the same tensors, renamed
        if have.keys() == places.keys() and all(have[n].shape == t.shape for n, t in places.items()):
            return {**wanted, **have}
    return None


def _essential(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith(COUNTER)}


def differences(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """Say in words where a checkpoint and a model's state differ, by their first three names each."""
    state, wanted = _essential(state), _essential(wanted)
    missing, extra = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    shapes = sorted(n for n in state.keys() & wanted.keys() if state[n].shape != wanted[n].shape)
    kinds = {"missing": missing, "not expected": extra, "of another shape": shapes}
    return "; ".join(f"{kind}: {_first(names)}" for kind, names in kinds.items() if names)


def _first(names: list[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
