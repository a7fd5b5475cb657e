"""Budgets: joint upper limits on what is counted before training."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from bench.errors import BudgetError, unknown_name
from bench.records.runs import Counts

QUANTITIES: dict[str, str] = {
    "total": "total_params",
    "trainable": "trainable_params",
    "trainable_backbone": "trainable_backbone_params",
    "gmacs": "gmacs",
    "gflops": "gflops",
    "train_gmacs": "train_gmacs",
}
"""What a budget may limit, and the count that it limits. A bare number limits `total`."""

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9}
_LIMIT = re.compile(
    r"(?:([A-Za-z_]\w*)\s*(?:<=|≤|=)\s*)?(\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d{1,2})?|\.\d+)\s*([KkMmGgBb]?)",
    re.ASCII,
)


@dataclass(frozen=True)
class Budget:
    """Limits by quantity; a model fits if it keeps all of them. No limits: everything fits."""

    limits: tuple[tuple[str, float], ...] = ()

    def reasons(self, counts: Counts) -> list[str]:
        """Say which limits the counts break, in words; empty where they fit."""
        broken = []
        for quantity, limit in self.limits:
            value = quantity_of(counts, quantity)
            if value > limit:
                write = human if human(value) != human(limit) else exact
                broken.append(f"{quantity} {write(value)} > {write(limit)}")
        return broken

    def __str__(self) -> str:
        return ",".join(f"{quantity}<={exact(limit)}" for quantity, limit in self.limits)


def parse_budget(text: str | None) -> Budget:
    """Read `10M` or `total<=10M,trainable<=1M,gmacs<=0.5`; None and the empty text mean no limit.

    K, M, G and B are thousands, millions, and billions twice. Raises BudgetError with what is wrong.
    """
    limits: dict[str, float] = {}
    parts = (text or "").split(",") if (text or "").strip() else []
    if sum(part.strip()[:1].isdigit() for part in parts) > 1:
        raise BudgetError(
            f"Cannot read the budget {text!r}.",
            "It has more than one bare number, and each would limit total; a comma stands between limits.",
            "Write 10.5M with a point, or name the others: 10M,trainable<=5M.",
        )
    for part in parts:
        found = _LIMIT.fullmatch(part.strip())
        if not found:
            raise BudgetError(
                f"Cannot read the budget {text!r}.",
                f"{part.strip()!r} is not a limit.",
                "Write 10M (total parameters), or limits with <= like total<=10M,trainable<=1M,gmacs<=0.5.",
            )
        quantity = found[1] or "total"
        if quantity not in QUANTITIES:
            raise unknown_name("budget quantity", quantity, QUANTITIES, BudgetError)
        limit = float(Decimal(found[2].replace("_", "")) * UNITS[found[3].upper()])
        limits[quantity] = min(limit, limits.get(quantity, limit))
    return Budget(tuple(limits.items()))


def quantity_of(counts: Counts, quantity: str) -> float:
    """Read a budget's quantity off the counts."""
    if quantity == "gflops":
        return 2 * counts.gmacs
    return float(getattr(counts, QUANTITIES[quantity]))


def human(value: float) -> str:
    """Write a number as people say it: 4.26M, 128.1K, 0.386."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def exact(value: float) -> str:
    """Write a number so that it reads back as the same: 10M, 4263748, 0.3858."""
    short = human(value)
    return short if parse_budget(short).limits[0][1] == value else repr(value).removesuffix(".0")
