"""`bench anatomy`: every layer of a backbone under a strategy."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty

if TYPE_CHECKING:
    from bench.plan.layer_table import Layer

Backbone = Annotated[str, typer.Argument(callback=not_empty, help="A backbone's name: timm/efficientnet_b0.")]
Strategy = Annotated[
    str, typer.Option("--strategy", "-s", callback=not_empty, help="Which parameters train: last_blocks(1)+norm.")
]
Head = Annotated[
    list[str] | None,
    typer.Option("--head", callback=not_empty, help="The head's layers, one each time: linear(512). Repeatable."),
]
Classes = Annotated[int, typer.Option("--classes", min=1, help="Classes that the head tells apart.")]


def anatomy(
    backbone: Backbone,
    *,
    strategy: Strategy = "full",
    image_size: o.ImageSize = None,
    head: Head = None,
    classes: Classes = 1000,
    registry: o.RegistryFolders = None,
    json: o.AsJson = False,
) -> None:
    """List every layer: its parameters, which of them train, and the shape of its output for one image.

    Nothing is downloaded and no weight is allocated. The parts are those that strategies speak of: stem, blocks
    counted from 1, neck, head. The sums below the list are what the planner counts.

    Example: bench anatomy timm/efficientnet_b0 --strategy 'last_blocks(1)+norm' --classes 200
    """
    from bench.commands.display.listing import show
    from bench.errors import BackboneError
    from bench.models.catalogue import catalogue
    from bench.plan.backbones import choose
    from bench.strategies import canonical

    found = choose(o.open_registry(registry), [backbone])
    if len(found) != 1:
        raise BackboneError(
            f"{backbone!r} names {len(found)} backbones.",
            "One is taken apart at a time.",
            f"Try {found[0].spec.name}.",
        )
    from bench.plan.layer_table import layer_table  # torch, after what can be said without it

    spec = found[0].spec
    size = image_size or catalogue().transform(spec).image_size
    layers = layer_table(spec, size, canonical(strategy), head or ["linear"], classes)
    total, trainable = sum(layer.params for layer in layers), sum(layer.trainable for layer in layers)
    data = {
        "backbone": spec.name,
        "image_size": size,
        "strategy": canonical(strategy),
        "total_params": total,
        "trainable_params": trainable,
        "layers": [asdict(layer) for layer in layers],
    }
    show([_row(layer) for layer in layers], data, json=json, giving_way=("statistics", "kind", "part"))
    if not json:
        _end(f"{len(layers)} layers, {total:,} parameters, {trainable:,} train; {size} pixels.")


def _end(text: str) -> None:
    from bench.commands.display import terminal

    terminal.out().print(text, highlight=False)


def _row(layer: Layer) -> dict[str, object]:
    return {
        "layer": layer.name,
        "kind": layer.kind,
        "part": layer.part,
        "output": " x ".join(map(str, layer.shape)) if layer.shape is not None else "",
        "parameters": layer.params or "",
        "train": layer.trainable or "",
        "statistics": layer.buffers or "",
    }
