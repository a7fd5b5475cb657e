"""Whether fp32 is computed in fp32: GPUs since Ampere can round it to the 10 bits of TF32."""

from __future__ import annotations

from typing import Any

import torch


def disable_tf32() -> None:
    """Compute fp32 convolutions and products in fp32; by default cuDNN's convolutions are TF32.

    All of cuDNN is set alike, by `fp32_precision` alone: torch raises if the older `allow_tf32` is read while they
    differ.
    """
    for operator in _fp32_operators():
        operator.fp32_precision = "ieee"


def uses_tf32(device: torch.device) -> bool | None:
    """Return whether fp32 may be rounded to TF32 on this device, as torch reports it; None off CUDA."""
    if device.type != "cuda":
        return None
    return any(operator.fp32_precision == "tf32" for operator in _fp32_operators())


def _fp32_operators() -> tuple[Any, ...]:
    cudnn: Any = torch.backends.cudnn
    return torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn
