"""`bench strategies`: what may train."""

from __future__ import annotations

from bench.commands import options as o


def strategies(registry: o.RegistryFolders = None, json: o.AsJson = False) -> None:
    """List the strategies of the registry; others are joined with +, as in last_blocks(2)+norm.

    Example: bench strategies
    """
    from bench.commands.display.listing import show
    from bench.registry.entries import StrategyEntry

    entries = o.open_registry(registry).all(StrategyEntry)
    rows = [
        {"strategy": e.name, "taken by default": "yes" if e.default else "", "what trains": e.note}
        for e in entries
    ]
    show(rows, [e.model_dump(mode="json") for e in entries], json=json)
