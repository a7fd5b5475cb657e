"""`bench doctor`: what is there and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.commands import options as o
from bench.commands.options import Db

if TYPE_CHECKING:
    from bench.commands.display.doctor_report import Finding


def doctor(
    db: Db = None, registry: o.RegistryFolders = None, data_root: o.DataRoot = None, json: o.AsJson = False
) -> None:
    """Say what this machine has and what it lacks, each missing thing with the command that brings it.

    Example: bench doctor
    """
    from dataclasses import asdict

    from bench.commands.display.doctor_report import examine
    from bench.commands.display.listing import show

    findings = examine(o.open_registry(registry), data_root, db)
    rows = [{"": "ok" if f.ok else "missing", "what": f.what, "found": f.found} for f in findings]
    show(rows, [asdict(f) for f in findings], json=json)
    if not json:
        _print_remedies([f for f in findings if not f.ok and f.todo])


def _print_remedies(missing: Sequence[Finding]) -> None:
    """Print how to get what is missing, each on a line of its own that can be copied."""
    from bench.commands.display import terminal

    console = terminal.out()
    if missing:
        console.print("\nTo get what is missing:", style="bold")
    for finding in missing:
        console.print(f"  {finding.what}: {finding.todo}", soft_wrap=True)
