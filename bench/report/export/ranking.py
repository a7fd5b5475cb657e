"""The boards of one query as a thing to look at, take apart and go on with, in a notebook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from bench.report.board.overlaps import Overlaps
from bench.report.board.query import Query
from bench.report.board.tables import Board, front_board
from bench.report.export.records import BOARD_FIELDS, board_records

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 120


class Leaderboard(Sequence[Board]):
    """Boards, one per dataset and, where times order or mark them, per hardware."""

    def __init__(self, boards: Sequence[Board], query: Query, overlaps: Overlaps | None = None) -> None:
        self._boards, self.query, self._overlaps = tuple(boards), query, overlaps

    @overload
    def __getitem__(self, index: int) -> Board: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Board]: ...
    def __getitem__(self, index: int | slice) -> Board | Sequence[Board]:
        from bench.report.export.notebook import NotebookBoard  # noqa: PLC0415 - jinja2, only where a board is taken

        found = self._boards[index]
        if isinstance(found, Board):
            return NotebookBoard(**vars(found))
        return tuple(NotebookBoard(**vars(board)) for board in found)

    def __len__(self) -> int:
        return len(self._boards)

    def frame(self) -> pd.DataFrame:
        """Return every row of every board, with means over seeds, `_std` for spreads, and the ids of its runs."""
        return _frame(self._boards)

    def front(self) -> pd.DataFrame:
        """Return the Pareto-optimal rows of every board, cheapest first."""
        return _frame([front_board(board) for board in self._boards])

    def __repr__(self) -> str:
        from rich.console import Console  # noqa: PLC0415 - only where a board is printed

        from bench.report.terminal.board_view import boards_view  # noqa: PLC0415 - the same

        console = Console(
            file=io.StringIO(), width=_WIDTH, markup=False, highlight=False, emoji=False, no_color=True
        )
        with console.capture() as captured:
            console.print(boards_view(self._boards, console, self.query, limit=30, overlaps=self._overlaps))
        return captured.get().rstrip()

    def _repr_html_(self) -> str:
        from bench.report.export.notebook import boards_html  # noqa: PLC0415 - jinja2, only where a notebook asks

        return boards_html(self._boards, self._overlaps)


def _frame(boards: Sequence[Board]) -> pd.DataFrame:
    from bench.report.export.frames import to_frame  # noqa: PLC0415 - pandas is slow to import

    return to_frame(board_records(boards), BOARD_FIELDS)
