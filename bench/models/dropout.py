"""Dropout of a head: whole random words are drawn, which costs a CPU a sixth of a random number for each unit."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 1 << 16
"""16 random bits decide about a unit: a rate is kept to within 1 in 131,072, and scaled by as what it is kept."""


class Dropout(nn.Dropout):
    """As `torch.nn.Dropout`; what it draws depends on torch's random state alone."""

    def forward(self, x: Tensor) -> Tensor:
        """Set units of x (N, ...) to zero in training mode, and scale the others."""
        return x * factors(x, self.p) if self.training and self.p else x


def factors(like: Tensor, p: float) -> Tensor:
    """Draw what to multiply a tensor by: 0 with probability `p`, else the inverse of the share that remains."""
    if like.device.type != "cpu":
        return functional.dropout(torch.ones_like(like), p)
    dropped = min(round(p * LEVELS), LEVELS - 1)
    words = torch.empty(-(-like.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    kept = words.numpy().view(np.int16)[: like.numel()] >= dropped - LEVELS // 2
    scaled = kept * np.float32(LEVELS / (LEVELS - dropped))
    return torch.from_numpy(scaled).view(like.shape).to(like.dtype)
