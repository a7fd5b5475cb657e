"""Whether fp32 is computed in fp32: GPUs since Ampere can round it to the 10 bits of TF32."""

from __future__ import annotations

from typing import Any

import torch


def disable_tf32() -> None:
    """Compute fp32 convolutions and products in fp32; by default cuDNN's convolutions are TF32.

    The older API comes first, since it alone sets cuDNN's convolutions and RNNs alike: torch raises if it is read,
    as torch's own code does, while they differ. The newer one then keeps a default of "tf32" from being inherited.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    for operator in _operators():
        operator.fp32_precision = "ieee"


def uses_tf32(device: torch.device) -> bool | None:
    """Return whether fp32 may be rounded to TF32 on this device, as torch reports it; None off CUDA."""
    if device.type != "cuda":
        return None
    return any(operator.fp32_precision == "tf32" for operator in _operators())


def _operators() -> tuple[Any, ...]:
    cudnn: Any = torch.backends.cudnn
    return torch.backends.cuda.matmul, cudnn.conv
