"""What a report says, before it is a page: what every page of it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.report.board.noise import FindVal, no_predictions
from bench.report.board.overlaps import Overlaps
from bench.report.board.tables import Board
from bench.store.rows import RunRow


@dataclass(frozen=True)
class Lost:
    """A run that is in no ranking, and why."""

    row: RunRow
    reason: str


@dataclass(frozen=True)
class Report:
    """What a report is made of. `budgets` is by dataset; of `lost_count` runs `lost` may hold a part.

    `find_val` looks up validation predictions.
    """

    title: str
    boards: Sequence[Board]
    lost: Sequence[Lost] = ()
    lost_count: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    budgets: Mapping[str, str] = field(default_factory=dict)
    overlaps: Overlaps = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    find_val: FindVal = no_predictions
    filters: str = ""
    made: str = ""
