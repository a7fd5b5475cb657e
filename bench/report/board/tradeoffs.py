"""What one strategy gives up and saves instead of another, on the backbones that both were tried on."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from bench.report.board.groups import Group, Stat, summarise
from bench.report.board.tables import Board, rank_groups

SCRATCH = "scratch"
_SAVES = 1.5  # times fewer trained parameters: less is no saving worth a sentence


@dataclass(frozen=True)
class Tradeoff:
    """`taken` instead of `instead_of`, which trains more.

    `val` and `test` are the first's accuracy less the second's over `backbones`; of a single one their spread is
    that over seeds. `fewer` and `faster` are geometric means of ratios, the second's trained parameters or
    stand-alone time over the first's; `faster` is over the `timed` backbones that ran on the same hardware
    undisturbed, else None.
    """

    taken: str
    instead_of: str
    backbones: int
    val: Stat
    test: Stat
    fewer: float
    faster: float | None
    timed: int

    @property
    def over_seeds(self) -> bool:
        """Whether the spread is that over seeds."""
        return self.backbones == 1


def tradeoffs(board: Board) -> list[Tradeoff]:
    """Compare every two strategies that have a backbone in common, the least given up on validation first.

    Those with random weights come last, which hardly anybody would take.

    Of several groups of one backbone and strategy (recipes, searches) the one that validates best stands for them.
    """
    ranked: dict[str, list[Group]] = defaultdict(list)
    for group in rank_groups(entry.group for entry in board.entries if entry.group.ensemble is None):
        ranked[group.first.strategy].append(group)
    made = []
    for one, other in combinations(ranked, 2):
        weights = SCRATCH not in (one, other)  # random weights stand beside any others
        first, second = _best(ranked[one], weights=weights), _best(ranked[other], weights=weights)
        if common := [(first[origin], second[origin]) for origin in first if origin in second]:
            made.append(_compared(one, other, common))
    return sorted(made, key=_order)


def most_telling(trades: Iterable[Tradeoff]) -> Tradeoff | None:
    """Return the pair that saves most for what it gives up; None where no pair saves much.

    Only pairs count that were compared on at least half as many backbones as any. A halving of what trains is set
    against a point of validation accuracy.
    """
    saving = [trade for trade in trades if trade.fewer >= _SAVES]
    enough = max((trade.backbones for trade in saving), default=0) / 2
    return max((trade for trade in saving if trade.backbones >= enough), key=_worth, default=None)


def _order(trade: Tradeoff) -> tuple[object, ...]:
    scratch = SCRATCH in (trade.taken, trade.instead_of)
    return scratch, -(trade.val.mean or 0.0), trade.taken, trade.instead_of


def _worth(trade: Tradeoff) -> float:
    return math.log2(trade.fewer) + 100 * (trade.val.mean or 0.0)


def _best(ranked: Iterable[Group], *, weights: bool) -> dict[tuple[object, ...], Group]:
    """Return the best group of each backbone, at each image size, and of each of its `weights` if they matter."""
    found: dict[tuple[object, ...], Group] = {}
    for group in ranked:
        row = group.first
        origin = (row.backbone, row.image_size, *((row.weights_source, row.weights_tag) if weights else ()))
        found.setdefault(origin, group)
    return found


def _compared(one: str, other: str, common: Sequence[tuple[Group, Group]]) -> Tradeoff:
    fewer = _ratio(common, "trainable_params")[0] or 1.0
    gap = math.fsum(first.val - second.val for first, second in common)
    if fewer < 1 or (fewer == 1 and gap < 0):
        one, other, common = other, one, [(second, first) for first, second in common]
    faster, timed = _ratio(common, "standalone_s")
    return Tradeoff(
        taken=one,
        instead_of=other,
        backbones=len(common),
        val=_difference(common, "val_top1"),
        test=_difference(common, "test_top1"),
        fewer=_ratio(common, "trainable_params")[0] or 1.0,
        faster=faster,
        timed=timed,
    )


def _difference(common: Sequence[tuple[Group, Group]], key: str) -> Stat:
    """Summarise the differences of a share over backbones; of one backbone, over its seeds."""
    pairs = [(first.stat(key), second.stat(key)) for first, second in common]
    found = summarise(
        first.mean - second.mean for first, second in pairs if first.mean is not None and second.mean is not None
    )
    if len(pairs) == 1 and pairs[0][0].std is not None and pairs[0][1].std is not None:
        return found._replace(std=math.hypot(pairs[0][0].std, pairs[0][1].std))
    return found


def _ratio(common: Sequence[tuple[Group, Group]], key: str) -> tuple[float | None, int]:
    """Return the geometric mean of the second's cost over the first's on one hardware, and of how many."""
    ratios = []
    for first, second in common:
        machines = (
            [name for name in first.machines if name in second.machines] if key == "standalone_s" else [None]
        )
        for machine in machines[:1]:
            cost, other = first.cost(key, machine), second.cost(key, machine)
            if cost and other:
                ratios.append(math.log(other / cost))
    return (math.exp(math.fsum(ratios) / len(ratios)), len(ratios)) if ratios else (None, 0)
