"""`bench datasets`: what can be trained on, and whether it is on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty

EMPTY: tuple[object, ...] = (None, "", [], {})


def datasets(
    name: Annotated[
        str | None, typer.Argument(callback=not_empty, help="Show one dataset, and how to get it.")
    ] = None,
    here: Annotated[bool, typer.Option("--here", help="Only those that are on this machine.")] = False,
    data_root: o.DataRoot = None,
    registry: o.RegistryFolders = None,
    json: o.AsJson = False,
) -> None:
    """List the datasets of the registry, or show one; folder:PATH is your own images in class folders.

    Example: bench datasets cub
    """
    from bench.commands.listing import show
    from bench.data.datasets import is_here
    from bench.data.locating import how_to_get
    from bench.entries import DatasetEntry

    known = o.open_registry(registry)
    entries = [o.find_dataset(known, name)] if name else known.all(DatasetEntry)
    found = {e.name: is_here(e, data_root) for e in entries}
    entries = [e for e in entries if found[e.name] or not here]
    data: list[dict[str, object]] = [{**e.model_dump(mode="json"), "here": found[e.name]} for e in entries]
    rows: list[dict[str, object]]
    if name:
        rows = [{"key": key, "value": plainly(value)} for key, value in data[0].items() if value not in EMPTY]
        rows += [{"key": "to get it", "value": how_to_get(e)} for e in entries if not found[e.name]]
    else:
        rows = [
            {
                "dataset": e.name,
                "classes": " + ".join(map(str, e.targets.values())) or e.num_classes,
                "images": sum(e.counts.values()) or "?",
                "here": "yes" if found[e.name] else "",
                "seen in pretraining": ", ".join(e.overlaps),
                "licence": e.license,
            }
            for e in entries
        ]
    show(rows, data, json=json)


def plainly(value: object) -> str:
    """Write a value of an entry without brackets and quotes; each record of a list stands on a line of its own."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plainly(inner)}" for key, inner in value.items() if inner not in EMPTY)
    if isinstance(value, list):
        return ("\n" if isinstance(value[0], dict) else ", ").join(map(plainly, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
