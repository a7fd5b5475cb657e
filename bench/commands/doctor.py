"""`bench doctor`: what is there and what is missing."""

from __future__ import annotations

from bench.commands import options as o
from bench.commands.filters import Db


def doctor(
    db: Db = None, registry: o.RegistryFolders = None, data_root: o.DataRoot = None, json: o.AsJson = False
) -> None:
    """Say what this machine has and what it lacks, each missing thing with the command that brings it.

    Example: bench doctor
    """
    from dataclasses import asdict

    from bench.commands.listing import show
    from bench.doctor import examine

    findings = examine(o.open_registry(registry), data_root, db)
    rows = [
        {"": "ok" if f.ok else "missing", "what": f.what, "found": f.found, "to get it": f.todo} for f in findings
    ]
    show(rows, [asdict(f) for f in findings], json=json)
