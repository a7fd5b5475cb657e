"""A planned head as a torch module."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from bench.hardware.device import without_autocast
from bench.models.dropout import Dropout
from bench.models.head import HeadLayer, plan_head

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


class Head(nn.Sequential):
    """Features (N, F) of any precision to class scores (N, classes), computed in float32 also under autocast.

    Scores in bf16 have 8 bits: several classes would tie for the first place.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Compute the scores."""
        with without_autocast(features):
            return super().forward(features.float())  # type: ignore[no-any-return, no-untyped-call]


def build_head(layers: Sequence[str], features: int, classes: int) -> Head:
    """Build a head from (N, features) to (N, classes); raises RecipeError as `models.head.plan_head` does."""
    return Head(*(MODULES[layer.name](layer) for layer in plan_head(layers, features, classes)))
