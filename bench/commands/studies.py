"""`bench studies`: published experiments that the registry knows."""

from __future__ import annotations

from bench.commands import options as o


def studies(registry: o.RegistryFolders = None, json: o.AsJson = False) -> None:
    """List the published studies, their dataset and their runs.

    Example: bench studies --json
    """
    from bench.commands.listing import show
    from bench.studies.entries import StudyEntry

    entries = o.open_registry(registry).all(StudyEntry)
    rows = [
        {"study": e.name, "dataset": e.dataset, "budget": e.budget, "runs": len(e.run), "source": e.source}
        for e in entries
    ]
    show(rows, [e.model_dump(mode="json") for e in entries], json=json)
