"""What a strategy is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.errors import BackboneError, RegistryError

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier


@dataclass(frozen=True)
class Strategy:
    """One line of the table: the frozen config class, `apply(model, config) -> model`, whether it stands alone."""

    config: Callable[..., Any]
    apply: Callable[[Classifier, Any], Classifier]
    alone: bool = False


def also_train(model: Classifier, names: Iterable[str]) -> Classifier:
    """Let these backbone parameters train besides those that already do."""
    model.train_only(model.trainable_backbone | frozenset(names))
    return model


def at_most(name: str, k: int, blocks: int | None = None) -> None:
    """Refuse a number of blocks below one (RegistryError) or above the backbone's own (BackboneError)."""
    if k < 1:
        raise RegistryError(
            f"{name}({k}) trains nothing sensible.", "Blocks are counted from 1.", f"Take {name}(1)."
        )
    if blocks is not None and k > blocks:
        raise BackboneError(
            f"{name}({k}) asks for more blocks than there are.",
            f"This backbone has {blocks}.",
            f"Take {name}({blocks}) at most.",
        )
