"""A training step in parts that add up to the same gradients as the whole batch.

That holds if nothing that trains reads the batch as a whole (a batch norm in training mode does), if each image
gets the noise (dropout, drop path) that it gets in the whole batch, and if each part's loss is weighted by its
size. Noise is drawn for the whole batch in each part, from the same random state, and the part takes its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.models.vision import timm, torchvision

_TIMM: Any = timm.layers
"""timm does not type what it exports."""

_BY_IMAGE: tuple[type[nn.Module], ...] = (_TIMM.DropPath, torchvision.ops.StochasticDepth)
"""Layers that scale a whole image by a random number."""

_BY_UNIT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
"""Layers that scale each unit or channel by a random number."""

_LAYER_RATES, _MODEL_RATES = (
    ("p", "drop_prob", "prob"),
    ("drop_rate", "dropout", "attention_dropout", "attn_drop_rate"),
)
"""Attributes under which layers called Drop..., and modules that call a functional dropout, keep its rate."""


def obstacle(model: nn.Module) -> str | None:
    """Return why a step of a model in training mode cannot be computed in parts; None if it can."""
    for name, module in model.named_modules():
        if _reads_the_batch(module):
            return f"the norm {name} reads the whole batch"
        if module.training and _drops(module) and not isinstance(module, (*_BY_IMAGE, *_BY_UNIT)):
            return f"what {name} draws at random is drawn for the whole batch"
    return None


def parts_of(images: int, size: int) -> list[slice]:
    """Return the rows of each part of a batch."""
    return [slice(start, min(start + size, images)) for start in range(0, images, size)]


@contextmanager
def noise_of(model: nn.Module, images: int, rows: slice) -> Iterator[None]:
    """Give some rows of a batch the noise that they have in the whole batch of so many images."""
    noisy = [m for m in model.modules() if m.training and isinstance(m, (*_BY_IMAGE, *_BY_UNIT)) and _drops(m)]
    for module in noisy:
        noisy_forward = partial(_with_noise_of, module.forward, images, rows, isinstance(module, _BY_IMAGE))
        module.forward = noisy_forward
    try:
        yield
    finally:
        for module in noisy:
            del module.forward  # the class's own is back


def _with_noise_of(
    forward: Callable[[Tensor], Tensor],
    images: int,
    rows: slice,
    by_image: bool,  # noqa: FBT001 - positional in `partial`
    x: Tensor,
) -> Tensor:
    """Multiply x by its rows of what the layer makes of ones: each of these layers multiplies by what it draws."""
    shape = (images, *([1] * (x.ndim - 1) if by_image else x.shape[1:]))
    ones = x.new_ones(shape)
    if ones.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last):  # noqa: PLR2004 - N, C, H, W
        ones = ones.contiguous(memory_format=torch.channels_last)  # random numbers follow the order in memory
    return x * forward(ones)[rows]


def _reads_the_batch(module: nn.Module) -> bool:
    """Return whether a module's output for an image depends on the others: if it takes moments over the batch."""
    if isinstance(module, _BatchNorm) and module.running_var is None:
        return True
    buffers = {name for name, _ in module.named_buffers(recurse=False)}
    return module.training and not buffers.isdisjoint({"running_mean", "running_var"})


def _drops(module: nn.Module) -> bool:
    names = (*_LAYER_RATES, *_MODEL_RATES) if "Drop" in type(module).__name__ else _MODEL_RATES
    names = (*names, "p") if isinstance(module, _BY_IMAGE) else names  # StochasticDepth's
    rates: list[Any] = [getattr(module, name, None) for name in names]
    return any(isinstance(rate, float) and rate > 0 for rate in rates)
