"""Trade-offs between strategies in words: `freezing all but the last block: -2.6 points, 4.2x fewer ...`."""

from __future__ import annotations

import re

from bench.report.board.groups import Stat
from bench.report.board.tradeoffs import SCRATCH, Tradeoff
from bench.units import DASH

_MINUS = "\u2212"
_SAME = 1.05  # a ratio below it is written as none
_ADDED = {"norm": "the norms", "bitfit": "the biases", "neck": "the neck"}


def tradeoff_sentence(trade: Tradeoff) -> str:
    """Say one trade-off in a sentence: what is done instead of what, what it costs, what it saves."""
    val = f"{points(trade.val)} points on validation"
    measured = (
        val
        if trade.test.mean is None
        else f"{points(trade.test)} points on test ({points(trade.val)} on validation)"
    )
    gap = f"{measured} {over(trade)}"
    savings = [words for words in (fewer(trade), faster(trade)) if words != DASH]
    done, instead = in_words(trade.taken), in_words(trade.instead_of)
    return f"{done[0].upper()}{done[1:]} instead of {instead}: {', '.join([gap, *savings])}."


def over(trade: Tradeoff) -> str:
    """Say over how many backbones a difference is."""
    return "on one backbone" if trade.over_seeds else f"over {trade.backbones:,} backbones"


def points(stat: Stat) -> str:
    """Write a difference of shares in points with its sign, and its spread: `-2.6 ± 0.4`; a dash without one."""
    if stat.mean is None:
        return DASH
    value = f"{100 * stat.mean:+.1f}".replace("-", _MINUS).replace("+0.0", "0.0").replace(f"{_MINUS}0.0", "0.0")
    return value if stat.std is None else f"{value} ± {100 * stat.std:.1f}"


def fewer(trade: Tradeoff) -> str:
    """Write how many times fewer parameters train."""
    return (
        "as many trained parameters" if trade.fewer < _SAME else f"{factor(trade.fewer)} fewer trained parameters"
    )


def faster(trade: Tradeoff) -> str:
    """Write how many times faster it trains alone on the same hardware; a dash where that is not known."""
    if trade.faster is None:
        return DASH
    if 1 / _SAME < trade.faster < _SAME:
        return "as fast"
    return f"{factor(trade.faster)} faster" if trade.faster > 1 else f"{factor(1 / trade.faster)} slower"


def factor(value: float) -> str:
    """Write a factor in two or three digits: `4.2x`, `128x`."""
    return f"{value:.1f}x" if value < 10 else f"{value:,.0f}x"  # noqa: PLR2004 - as it says


def in_words(strategy: str) -> str:
    """Say what a strategy does; one that has no words of its own by its name."""
    if known := _WHOLE.get(strategy):
        return known
    parts = [_part(part) for part in strategy.split("+")]
    if None not in parts:
        return f"freezing all but {_joined([part for part in parts if part])}"
    found = re.fullmatch(r"freeze_first\((\d+)\)", strategy)
    return f"freezing the first {_blocks(int(found[1]))}" if found else f"training with {strategy}"


def _part(name: str) -> str | None:
    found = re.fullmatch(r"last_blocks\((\d+)\)", name)
    return f"the last {_blocks(int(found[1]))}" if found else _ADDED.get(name)


def _blocks(count: int) -> str:
    return "block" if count == 1 else f"{count} blocks"


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_WHOLE = {
    "linear": "training the head alone",
    "full": "training everything",
    SCRATCH: "starting from random weights",
}
