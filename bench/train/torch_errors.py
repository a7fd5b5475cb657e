"""Explains errors that torch raises during a run: what happened, why, and which option changes it."""

from __future__ import annotations

import re
from collections.abc import Callable

from bench.errors import BenchError
from bench.spec import RunSpec


class TorchError(BenchError):
    """A computation of a run that torch refused; its cause is torch's own error."""


_SHAPES = (
    r"mat1 and mat2 shapes cannot be multiplied|size mismatch|shape mismatch|cannot be broadcast"
    r"|is invalid for input of size|The size of tensor a|must match the size of tensor|Given groups="
    r"|Expected input batch_size|Padding size should be|[Kk]ernel size can't be greater"
    r"|Calculated (padded )?(input|output) size|[Oo]utput size is too small"
    r"|Input (height|width|size|image size) .*(doesn't|does not) match"
)


def explained(error: Exception, spec: RunSpec) -> Exception:
    """Return a TorchError for what torch raises of the common kinds; any other error is returned as it is."""
    if isinstance(error, BenchError):
        return error
    said = str(error)
    for pattern, explain in _KINDS:
        if re.search(pattern, said):
            made = explain(spec, said.strip().splitlines()[0].rstrip("."))
            made.__cause__ = error
            return made
    return error


def _one_value(spec: RunSpec, said: str) -> TorchError:
    batch, size = spec.recipe.batch_size, spec.transform.image_size
    return TorchError(
        "Batch norm cannot train on one value per channel.",
        f"A batch has a single image (batch_size={batch}), and at {size} x {size} pixels a map of "
        f"{spec.backbone.name} shrinks to 1 x 1. torch says: {said}.",
        f"Take more images a batch (--set batch_size={max(8, 2 * batch)}), larger ones (--image-size {size * 2}) "
        "or a strategy that leaves these norms frozen (linear).",
    )


def _shapes(spec: RunSpec, said: str) -> TorchError:
    size = spec.transform.image_size
    return TorchError(
        f"{spec.backbone.name} does not take what it was given.",
        f"Tensors do not fit together, most often because of the image size ({size} pixels). torch says: {said}.",
        "Leave out --image-size, or take a multiple of 32 (--image-size 224).",
    )


def _label(spec: RunSpec, said: str) -> TorchError:
    return TorchError(
        "A label is no class of the head.",
        f"The dataset {spec.dataset.name} has {spec.dataset.num_classes} classes by its plan. torch says: {said}.",
        "Look at the dataset again: bench datasets, then sweep anew.",
    )


def _precision(spec: RunSpec, said: str) -> TorchError:
    return TorchError(
        f"An operator of {spec.backbone.name} does not work in {spec.precision} here.",
        f"torch says: {said}.",
        "Train it on another device (--device cpu).",
    )


_KINDS: tuple[tuple[str, Callable[[RunSpec, str], TorchError]], ...] = (
    (r"Expected more than 1 (value per channel|spatial element)", _one_value),
    (_SHAPES, _shapes),
    (r"Target -?\d+ is out of bounds|label.* out of (range|bounds)", _label),
    (r"not implemented for '?(\"?\w+\"? )?'?(Half|BFloat16|ComplexHalf)", _precision),
)
"""Pattern of a torch error -> its explanation; the first match counts."""
