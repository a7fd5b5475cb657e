"""A planned head as a torch module."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from bench.dropout import Dropout
from bench.head import HeadLayer, plan_head

MODULES: dict[str, Callable[[HeadLayer], nn.Module]] = {
    "linear": lambda layer: nn.Linear(layer.inputs, layer.outputs),
    "dropout": lambda layer: Dropout(layer.arguments[0]),
    "relu": lambda _: nn.ReLU(),
    "leaky_relu": lambda _: nn.LeakyReLU(),
    "gelu": lambda _: nn.GELU(),
    "silu": lambda _: nn.SiLU(),
    "tanh": lambda _: nn.Tanh(),
    "batch_norm": lambda layer: nn.BatchNorm1d(layer.inputs),
    "layer_norm": lambda layer: nn.LayerNorm(layer.inputs),
}


def build_head(layers: Sequence[str], features: int, classes: int) -> nn.Sequential:
    """Build a head from (N, features) to (N, classes); raises RecipeError as `bench.head.plan_head` does."""
    return nn.Sequential(*(MODULES[layer.name](layer) for layer in plan_head(layers, features, classes)))
