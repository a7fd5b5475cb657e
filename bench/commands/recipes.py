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
    from bench.commands.display.listing import show
    from bench.plan.recipes import for_strategy
    from bench.registry.entries import RecipeEntry
    from bench.spec import RecipeSpec

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
    resolved = {title: for_strategy(entry, strategy, {}) for title, strategy in columns.items()}
    keys = RecipeSpec.model_fields
    rows = [
        {"key": key, **{title: brief(getattr(recipe, key)) for title, recipe in resolved.items()}} for key in keys
    ]
    show(rows, {title: recipe.model_dump(mode="json") for title, recipe in resolved.items()}, json=json)


def brief(value: object) -> str:
    """Write a recipe's value on one line, a nested record by its first key and what is not its default."""
    from bench.spec import Spec

    if isinstance(value, Spec):
        differing = value.model_dump(mode="json", exclude_defaults=True)
        first = next(iter(type(value).model_fields))
        return " ".join(f"{key}={inner}" for key, inner in ({first: getattr(value, first)} | differing).items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "" if value is None else str(value)
