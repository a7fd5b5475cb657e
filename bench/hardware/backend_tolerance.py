"""How far a backend of the frozen pass may be from eager fp32, for those who hold it to that and who say it."""

from __future__ import annotations

from typing import Literal

TOLERANCE: dict[Literal["fp32", "bf16", "fp16"], float] = {"fp32": 1e-4, "bf16": 0.1, "fp16": 0.05}
"""By precision, on every device: the norm of a tensor's difference over the tensor's norm."""
