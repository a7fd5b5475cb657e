"""Rows on a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def show(
    rows: Sequence[Mapping[str, object]], data: object, *, json: bool, giving_way: Sequence[str] = ()
) -> None:
    """Print rows as a table, or `data` as JSON.

    Columns of numbers stand right, empty ones are left out, those of `giving_way` where the terminal is narrow.
    """
    from bench.commands.display import terminal

    if json:
        from json import dumps

        terminal.write(dumps(data, indent=2))
        return
    if not rows:
        terminal.err().print("Nothing matches.")
        return
    from rich.table import Table
    from rich.text import Text

    from bench.report.terminal.console import fitting, plain_table

    columns = [name for name in rows[0] if any(row[name] not in ("", None) for row in rows)]
    filled = {name: [row[name] for row in rows if row[name] not in ("", None)] for name in columns}
    numbers = [name for name in columns if all(isinstance(value, (int, float)) for value in filled[name])]

    def table(kept: Sequence[str]) -> Table:
        made = plain_table(kept, right=numbers)
        for row in rows:
            made.add_row(*(Text(_cell(row[name])) for name in kept))
        return made

    console = terminal.out()
    console.print(fitting(columns, console, table, [name for name in giving_way if name in columns]))


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
