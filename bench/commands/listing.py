"""Rows on a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def show(rows: Sequence[Mapping[str, object]], data: object, *, json: bool) -> None:
    """Print rows as a table, or `data` as JSON; columns of numbers stand right, empty ones are left out."""
    from bench import terminal

    if json:
        from json import dumps

        terminal.write(dumps(data, indent=2))
        return
    if not rows:
        terminal.err().print("Nothing matches.")
        return
    from rich.text import Text

    from bench.report.console import plain_table

    columns = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    numbers = [name for name in columns if all(isinstance(row[name], (int, float)) for row in rows)]
    table = plain_table(columns, right=numbers)
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in columns))
    terminal.out().print(table)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
