"""The layers of a classifier by name, and what they give for an image as maps (N, channels, height, width)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.errors import BenchError, did_you_mean
from bench.models.classifier import Classifier

PREFIX = "backbone.model."
"""What stands before the names that a library gives its model's layers."""

_FIRST_NORM = ("norm1", "ln_1", "ln1")
_IMAGE_NDIM, _TOKENS_NDIM = 4, 3


@dataclass(frozen=True)
class Layer:
    """A layer as it was seen for one image: its path in the classifier, and its output's shape."""

    path: str
    shape: tuple[int, ...]
    calls: int

    @property
    def name(self) -> str:
        """Its name as its library has it; the new head's layers begin with `head`."""
        return self.path.removeprefix(PREFIX)

    @property
    def grid(self) -> Grid | None:
        """How its output is read as maps; None where it is none."""
        return Grid.of(self.shape) if self.calls == 1 else None


class Grid(nn.Module):
    """Reads a layer's output as maps (N, C, H, W); `back` writes maps as the layer gave them.

    `layout` is NCHW, NHWC, or tokens (N, prefix + side * side, C) of which the first `prefix` are no places.
    """

    def __init__(self, layout: str, prefix: int = 0) -> None:
        super().__init__()
        self.layout, self.prefix = layout, prefix

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Grid | None:
        """Recognise the layout of a layer's output for one square image; None where it has no places."""
        if shape[:1] != (1,):  # windows of an image, say
            return None
        if len(shape) == _IMAGE_NDIM:
            if shape[2] == shape[3]:
                return cls("NCHW")
            return cls("NHWC") if shape[1] == shape[2] else None
        if len(shape) == _TOKENS_NDIM:
            prefix = shape[1] - math.isqrt(shape[1]) ** 2
            plausible = math.isqrt(shape[1]) > 1 and prefix <= _MOST_PREFIX
            return cls("tokens", prefix) if plausible else None
        return None

    def forward(self, output: Tensor) -> Tensor:
        """Turn a layer's output into maps."""
        if self.layout == "NHWC":
            return output.permute(0, 3, 1, 2)
        if self.layout == "tokens":
            places = output[:, self.prefix :].transpose(1, 2)
            side = math.isqrt(places.shape[2])
            return places.reshape(*places.shape[:2], side, side)
        return output

    def back(self, maps: Tensor, output: Tensor) -> Tensor:
        """Turn maps into what the layer gave; what is no place comes from `output`."""
        if self.layout == "NHWC":
            return maps.permute(0, 2, 3, 1)
        if self.layout == "tokens":
            return torch.cat([output[:, : self.prefix], maps.flatten(2).transpose(1, 2)], dim=1)
        return maps


_MOST_PREFIX = 8
"""Class, distillation and register tokens that transformers put before the patches, at most."""


@contextlib.contextmanager
def reading(model: nn.Module, layer: Layer) -> Iterator[Grid]:
    """Pass a layer's output through a grid inside this context: what watches the grid sees maps.

    Raises BenchError where the layer's output is no map.
    """
    grid = layer.grid
    if grid is None:
        why = "it is used more than once" if layer.calls > 1 else f"its output has the shape {layer.shape}"
        raise BenchError(
            f"The layer {layer.name} gives no map of the image.",
            f"For one image {why}.",
            "Take a convolution, a stage or a block: --layers lists those that give maps.",
        )

    def through(_: nn.Module, __: object, output: Tensor) -> Tensor:
        return grid.back(grid(output), output)

    handle = model.get_submodule(layer.path).register_forward_hook(through)
    try:
        yield grid
    finally:
        handle.remove()


def see_layers(model: Classifier, image: Tensor) -> dict[str, Layer]:
    """Run an image (1, 3, H, W) through a model; return each layer that gives one tensor, by its path."""
    shapes: dict[str, list[tuple[int, ...]]] = {}
    handles = []
    for path, module in model.named_modules():

        def note(_: nn.Module, __: object, output: object, path: str = path) -> None:
            if isinstance(output, Tensor):
                shapes.setdefault(path, []).append(tuple(output.shape))

        if path:
            handles.append(module.register_forward_hook(note))
    try:
        with torch.no_grad():
            model(image)
    finally:
        for handle in handles:
            handle.remove()
    used = [path for path, _ in model.named_modules() if path in shapes]
    return {path: Layer(path, shapes[path][-1], len(shapes[path])) for path in used}


def find_layer(layers: dict[str, Layer], name: str) -> Layer:
    """Look a layer up by its path or its name; raises BenchError that names the nearest."""
    found = layers.get(name) or layers.get(f"{PREFIX}{name}")
    if found is None:
        names = [layer.name for layer in layers.values()]
        guess = did_you_mean(name.removeprefix(PREFIX), names) or "No layer that was used has a name like it."
        raise BenchError(f"The model has no layer {name!r}.", guess, "--layers lists those that give maps.")
    return found


def last_layer(model: Classifier, layers: dict[str, Layer]) -> Layer:
    """Choose the layer that is explained by default: the last block that gives maps.

    Of a block that gives tokens it is the first norm: behind a transformer's last block only the class token
    counts, so the patches have no gradient there.
    """
    for path in reversed(model.anatomy.block_modules):
        block = layers.get(f"backbone.{path}")
        if block is None or block.grid is None:
            continue
        inner = (layers.get(f"{block.path}.{norm}") for norm in _FIRST_NORM)
        norms = [layer for layer in inner if layer is not None and layer.grid is not None]
        return norms[0] if norms and block.grid.layout == "tokens" else block
    maps = [layer for layer in layers.values() if layer.grid is not None]
    if not maps:
        raise BenchError(
            "No layer of this model gives a map of the image.",
            "None has an output with height and width.",
            "Take a run of a convolutional network or a transformer.",
        )
    return maps[-1]
