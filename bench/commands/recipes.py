"""`bench recipes`: how it trains."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show one recipe, as it is for every strategy.")] = None,
    registry: o.RegistryFolders = None,
    json: o.AsJson = False,
) -> None:
    """List the recipes of the registry, or show one with what differs for each strategy.

    Example: bench recipes default
    """
    from bench.commands.listing import show
    from bench.entries import RecipeEntry
    from bench.plan.recipes import for_strategy

    known = o.open_registry(registry)
    if name is None:
        entries = known.all(RecipeEntry)
        rows = [
            {"recipe": e.name, "epochs": e.recipe.epochs, "differs for": ", ".join(e.strategy), "note": e.note}
            for e in entries
        ]
        show(rows, [e.model_dump(mode="json") for e in entries], json=json)
        return
    entry = known.get(RecipeEntry, name)
    columns = {"other strategies": "", **{strategy: strategy for strategy in entry.strategy}}
    resolved = {title: for_strategy(entry, s, {}).model_dump(mode="json") for title, s in columns.items()}
    keys = next(iter(resolved.values()))
    rows = [{"key": key, **{title: brief(values[key]) for title, values in resolved.items()}} for key in keys]
    show(rows, resolved, json=json)


def brief(value: object) -> str:
    """Write a recipe's value on one line, a nested record by what is not its default."""
    if isinstance(value, dict):
        return " ".join(f"{key}={inner}" for key, inner in value.items() if inner not in (None, 0, 0.0))
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "" if value is None else str(value)
