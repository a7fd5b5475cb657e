"""`bench backbones`: what can be trained."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty


def backbones(
    pattern: Annotated[
        str | None,
        typer.Argument(callback=not_empty, help="A name or wildcard: 'timm/vit*'. Default: the registry."),
    ] = None,
    family: Annotated[str | None, typer.Option("--family", callback=not_empty, help="Only this family.")] = None,
    budget: o.Budget = None,
    shortlist: Annotated[
        bool, typer.Option("--shortlist", help="Only those that a sweep takes by default.")
    ] = False,
    registry: o.RegistryFolders = None,
    json: o.AsJson = False,
) -> None:
    """List backbones with their size and compute, without a head: of the registry, or of timm and torchvision.

    Example: bench backbones 'timm/convnext*' --budget 30M
    """
    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.commands.display.listing import show
    from bench.plan.backbones import choose, listed, of_family
    from bench.plan.catalogue_rows import backbone_rows
    from bench.plan.request import budget_of

    known = o.open_registry(registry)
    candidates = choose(known, [pattern]) if pattern else listed(known)
    candidates = of_family(candidates, family) if family else candidates
    candidates = [c for c in candidates if c.shortlist is not None] if shortlist else candidates
    with Counting(terminal.err()) as progress:
        rows = backbone_rows(candidates, budget_of(known, budget), progress)
    show(rows, rows, json=json, giving_way=("features", "blocks", "px", "family"))
