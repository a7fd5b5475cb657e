"""The new classifier as text, `["linear(1024)", "relu", "dropout(0.5)", "linear"]`: read, checked and counted.

`linear` without a width is the classification layer. Layers may follow it (a published study puts a ReLU and a
dropout on its logits), but none that changes the number of outputs. `bench.models.head_modules` builds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.calls import Call, bind, look_up, parse_call
from bench.errors import RecipeError


def _linear(width: int) -> None:
    if width < 1:
        raise RecipeError(
            f"A head's linear layer is {width} wide.", "It must be at least 1.", "Write linear(1024)."
        )


def _dropout(p: float = 0.5) -> None:
    if not 0 <= p < 1:
        raise RecipeError(f"A head's dropout is {p}.", "It is a probability: 0 <= p < 1.", "Write dropout(0.2).")


def _plain() -> None:
    """Take no argument."""


ARGUMENTS: dict[str, Callable[..., None]] = {
    "linear": _linear,
    "dropout": _dropout,
    **dict.fromkeys(("relu", "leaky_relu", "gelu", "silu", "tanh", "batch_norm", "layer_norm"), _plain),
}
"""Name -> the arguments that a layer takes, checked."""

_MOST_PARAMS = 10**12

CLASSIFIER = Call("linear")


@dataclass(frozen=True)
class HeadLayer:
    """One layer of a head: its name and arguments, and its widths."""

    name: str
    arguments: tuple[float, ...]
    inputs: int
    outputs: int

    @property
    def params(self) -> int:
        """Its parameters: weights and biases of a linear layer, scale and shift of a norm."""
        if self.name == "linear":
            return self.inputs * self.outputs + self.outputs
        return 2 * self.inputs if self.name.endswith("_norm") else 0

    @property
    def macs(self) -> int:
        """Its multiply-accumulates for one image."""
        return self.inputs * self.outputs if self.name == "linear" else 0


def canonical_head(layers: Sequence[str]) -> tuple[str, ...]:
    """Write a head the one way that its run id is made of: `dropout` is `dropout(0.5)`. Raises RecipeError."""
    return tuple(str(Call(call.name, tuple(_arguments(call).values()))) for call in map(_read, layers))


def with_dropout(head: Sequence[str], rate: object) -> tuple[str, ...]:
    """Set the rate of every dropout of a head, or put one before its classification layer.

    Raises RecipeError for a rate that is not a probability below 1.
    """
    layers, dropout = canonical_head(head), canonical_head([f"dropout({rate})"])[0]
    if any(layer.startswith("dropout") for layer in layers):
        return tuple(dropout if layer.startswith("dropout") else layer for layer in layers)
    place = layers.index(str(CLASSIFIER)) if str(CLASSIFIER) in layers else len(layers)
    return (*layers[:place], dropout, *layers[place:])


def plan_head(layers: Sequence[str], features: int, classes: int) -> tuple[HeadLayer, ...]:
    """Lay a head out from `features` inputs to `classes` outputs.

    Raises RecipeError where a layer does not exist, `linear` is missing, the last width is not `classes`, or no
    machine could hold it.
    """
    calls = [_read(text) for text in layers]
    if calls.count(CLASSIFIER) != 1:
        raise RecipeError(
            f"The head {list(layers)} has no single classification layer.",
            "Exactly one `linear` without a width gives the class scores.",
            'Write, for example, head = ["dropout(0.2)", "linear"].',
        )
    planned, width = [], features
    for call in calls:
        layer = _layer(call, width, classes)
        planned.append(layer)
        width = layer.outputs
    if sum(layer.params for layer in planned) > _MOST_PARAMS:
        raise RecipeError(
            f"The head {list(layers)} is too large.",
            "It has more than a million million parameters, which no machine holds.",
            "Give its layers smaller widths, or name fewer classes.",
        )
    if width != classes:
        raise RecipeError(
            f"The head {list(layers)} ends with {width} outputs for {classes} classes.",
            "A layer after the classification layer changes the number of outputs.",
            "Put `linear` last, or only activations and dropout after it.",
        )
    return tuple(planned)


def _layer(call: Call, width: int, classes: int) -> HeadLayer:
    arguments = _arguments(call)
    outputs = classes if call == CLASSIFIER else arguments.get("width", width)
    return HeadLayer(call.name, tuple(arguments.values()), width, outputs)


def _read(text: str) -> Call:
    return parse_call(text, kind="head layer")


def _arguments(call: Call) -> dict[str, Any]:
    """Return a layer's arguments, checked; none for the classification layer."""
    if call == CLASSIFIER:
        return {}
    check = look_up(call, ARGUMENTS, kind="head layer")
    arguments = bind(call, check, kind="head layer")
    check(**arguments)
    return arguments
