"""Every layer of a classifier with its parameters and its output's shape, on the meta device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bench.errors import BackboneError, BenchError
from bench.models.classifier import Classifier, bare_on_meta
from bench.models.head_modules import build_head
from bench.models.trace import trace
from bench.spec import BackboneSpec
from bench.strategies import apply


@dataclass(frozen=True)
class Layer:
    """One module without children, or one with parameters of its own beside its children.

    `part` is `stem`, `block 1` to `block n`, `neck` or `head`; empty without parameters. `shape` is that of its
    output for one image; None if it is not called as a module. `buffers` counts running statistics, which are no
    parameters.
    """

    name: str
    kind: str
    part: str
    shape: tuple[int, ...] | None
    params: int
    trainable: int
    buffers: int


def layer_table(
    spec: BackboneSpec, image_size: int, strategy: str, head: Sequence[str], classes: int
) -> list[Layer]:
    """List a backbone's layers under a strategy, in the order of their registration, and then the head's.

    Every parameter is in one layer. No weight is allocated. Raises BackboneError for a backbone that cannot take
    images of this size or has too few blocks, RecipeError for an invalid head.
    """
    try:
        model, seen = bare_on_meta(spec, image_size)
    except BenchError:
        raise
    except Exception as error:
        raise BackboneError(
            f"{spec.name} cannot take images of {image_size} pixels.",
            f"{type(error).__name__}: {error}".splitlines()[0],
            "Take another --image-size.",
        ) from error
    with torch.device("meta"):
        model.head = build_head(head, seen.shape[-1], classes)
    apply(model.eval(), strategy)
    shapes = _shapes(model, image_size)
    parts = _parts(model)
    return [_layer(name, module, shapes, parts) for name, module in _listed(model)]


def _listed(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules that have no children, and those with parameters of their own."""
    for name, module in model.named_modules():
        leaf = not any(True for _ in module.children()) and not isinstance(module, nn.Identity)
        if name and (leaf or any(True for _ in module.parameters(recurse=False))):
            yield name, module


def _shapes(model: Classifier, image_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of what each module that is called returns first, without the batch."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, output: Any) -> None:
        first = output[0] if isinstance(output, (tuple, list)) and output else output
        if isinstance(first, Tensor):
            shapes.setdefault(name, tuple(first.shape[1:]))

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: note(name, output))
        for name, module in model.named_modules()
    ]
    trace(model, image_size)
    for hook in hooks:
        hook.remove()
    return shapes


def _parts(model: Classifier) -> dict[str, str]:
    """Return the part that owns each parameter of the backbone."""
    anatomy = model.anatomy
    parts = dict.fromkeys(anatomy.stem, "stem") | dict.fromkeys(anatomy.neck, "neck")
    for number, block in enumerate(anatomy.blocks, start=1):
        parts |= dict.fromkeys(block, f"block {number}")
    return parts


def _layer(name: str, module: nn.Module, shapes: dict[str, tuple[int, ...]], parts: dict[str, str]) -> Layer:
    own = dict(module.named_parameters(recurse=False))
    inside = name.removeprefix("backbone.")
    of = "head" if name.startswith("head.") else ""
    owners = dict.fromkeys(parts.get(f"{inside}.{parameter}", of) for parameter in own)
    return Layer(
        name=inside.removeprefix("model."),
        kind=type(module).__name__,
        part=", ".join(filter(None, owners)),
        shape=shapes.get(name),
        params=sum(p.numel() for p in own.values()),
        trainable=sum(p.numel() for p in own.values() if p.requires_grad),
        buffers=sum(b.numel() for b in module.buffers(recurse=False) if b.is_floating_point()),
    )
