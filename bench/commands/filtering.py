"""Filters that nothing in a database passes: a misspelt name is refused, any other is said on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.display import terminal
from bench.errors import LISTED_BY, SHOWN, BenchError, did_you_mean
from bench.units import some_names

if TYPE_CHECKING:
    from bench.report.board.query import Query, Unmatched
    from bench.store.rows import RunRow


def check_filters(rows: Iterable[RunRow], query: Query, folders: list[Path] | None = None) -> None:
    """Say on stderr which filters no run passes, and what the runs have; `folders` are those of `--registry`.

    Raises BenchError for a name that neither a run has nor the registry or the libraries know.
    """
    from bench.report.board.query import unmatched

    for missed in unmatched(rows, query):
        names = known_names(missed.field, folders)
        if not missed.is_pattern and not _is_known(missed, names):
            raise _unknown(missed, names)
        near = did_you_mean(missed.wanted, missed.known)
        terminal.say(f"note: No run has the {missed.field} {missed.wanted!r}. {near or _has(missed)}")


def known_names(field: str, folders: list[Path] | None) -> set[str]:
    """List every name of a dataset, target, backbone or strategy that the registry and the libraries know."""
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry

    if field == "strategy":
        from bench.strategies import STRATEGIES

        return set(STRATEGIES)
    if field == "backbone":
        from bench.models.catalogue import catalogue

        return {alias for name in catalogue().raw for alias in (name, name.partition("/")[2])}
    entries = Registry.load(folders or ()).all(DatasetEntry)
    if field == "dataset":
        return {entry.name for entry in entries}
    return {"label", *(target for entry in entries for target in (*entry.targets, *entry.groups))}


def _is_known(missed: Unmatched, names: set[str]) -> bool:
    if missed.field == "target":
        return all(part.strip() in names for part in missed.wanted.split("+"))
    if missed.field != "strategy":
        return missed.wanted in names
    return all(part.partition("(")[0].strip() in names for part in missed.wanted.split("+"))


def _unknown(missed: Unmatched, names: set[str]) -> BenchError:
    guess = did_you_mean(missed.wanted, missed.known) or did_you_mean(missed.wanted, names)
    lists = f"`{LISTED_BY[missed.field]}` lists what there is." if missed.field in LISTED_BY else ""
    return BenchError(
        f"Unknown {missed.field} {missed.wanted!r}.",
        _has(missed),
        f"{guess} {lists}".strip() or "Correct the name.",
    )


def _has(missed: Unmatched) -> str:
    return f"The database has: {some_names(missed.known, SHOWN)}."
