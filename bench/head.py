"""The new classifier: a list of layers as text, `["linear(1024)", "relu", "dropout(0.5)", "linear"]`.

`linear` without a width is the classification layer. Layers may follow it (a published study puts a ReLU and a
dropout on its logits), but none that changes the number of outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from bench.calls import Call, bind, look_up, parse_call
from bench.errors import RecipeError


def _linear(width: int) -> Callable[[int], nn.Module]:
    return lambda features: nn.Linear(features, width)


def _dropout(p: float = 0.5) -> Callable[[int], nn.Module]:
    if not 0 <= p < 1:
        raise RecipeError(f"A head's dropout is {p}.", "It is a probability: 0 <= p < 1.", "Write dropout(0.2).")
    return lambda _features: nn.Dropout(p)


LAYERS: dict[str, Callable[..., Callable[[int], nn.Module]]] = {
    "linear": _linear,
    "dropout": _dropout,
    "relu": lambda: lambda _features: nn.ReLU(),
    "leaky_relu": lambda: lambda _features: nn.LeakyReLU(),
    "gelu": lambda: lambda _features: nn.GELU(),
    "silu": lambda: lambda _features: nn.SiLU(),
    "tanh": lambda: lambda _features: nn.Tanh(),
    "batch_norm": lambda: nn.BatchNorm1d,
    "layer_norm": lambda: nn.LayerNorm,
}
"""Name -> (the layer's arguments -> (its input width -> the module))."""

CLASSIFIER = Call("linear")


def build_head(layers: Sequence[str], features: int, classes: int) -> nn.Sequential:
    """Build a head from (N, features) to (N, classes).

    Raises RecipeError where a layer does not exist, `linear` is missing, or the last width is not `classes`.
    """
    calls = [parse_call(text, kind="head layer") for text in layers]
    if calls.count(CLASSIFIER) != 1:
        raise RecipeError(
            f"The head {list(layers)} has no single classification layer.",
            "Exactly one `linear` without a width gives the class scores.",
            'Write, for example, head = ["dropout(0.2)", "linear"].',
        )
    modules, width = [], features
    for call in calls:
        module = _layer(call, width, classes)
        modules.append(module)
        width = module.out_features if isinstance(module, nn.Linear) else width
    if width != classes:
        raise RecipeError(
            f"The head {list(layers)} ends with {width} outputs for {classes} classes.",
            "A layer after the classification layer changes the number of outputs.",
            "Put `linear` last, or only activations and dropout after it.",
        )
    return nn.Sequential(*modules)


def _layer(call: Call, width: int, classes: int) -> nn.Module:
    if call == CLASSIFIER:
        return nn.Linear(width, classes)
    make = look_up(call, LAYERS, kind="head layer")
    return make(**bind(call, make, kind="head layer"))(width)
