"""One ensemble as it is kept and shown: plain data, without numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from bench.records.runs import TestMetrics, ValMetrics
from bench.spec import digest

Rule = Literal["soft", "hard", "weighted", "greedy"]
RULES: tuple[Rule, ...] = get_args(Rule)
CHOSEN_ON_VAL: tuple[Rule, ...] = ("weighted", "greedy")
"""Rules that look at validation labels: their validation metrics flatter them a little."""


@dataclass(frozen=True)
class Member:
    """A run of an ensemble, and its weight; the weights of an ensemble sum to 1."""

    run_id: str
    weight: float


@dataclass(frozen=True)
class Ensemble:
    """Runs of one test set that answer together, what they measured, and what they cost as one model.

    `members` come with the largest weight first. `request` says what was asked for: the budget, the most members,
    how many runs there were to choose from. `total_params`, `trainable_params` and `gmacs` are those of
    `bench.plan.shared`. A hard vote has no probabilities, so its losses are NaN.
    """

    rule: Rule
    members: tuple[Member, ...]
    dataset: str
    target: str
    num_classes: int
    fingerprint: str | None
    split_digest: str
    total_params: int
    trainable_params: int
    gmacs: float
    val: ValMetrics
    test: TestMetrics
    command: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0

    @property
    def ensemble_id(self) -> str:
        """The SHA-256 of rule, members, weights and images, as 64 hexadecimal digits."""
        members = sorted([member.run_id, member.weight] for member in self.members)
        return digest([self.rule, self.split_digest, members], "ensemble")

    @property
    def chosen_on_val(self) -> bool:
        """Whether its weights or members were chosen on the validation images that rank it."""
        return self.rule in CHOSEN_ON_VAL

    @property
    def name(self) -> str:
        """What tables call it: `ensemble of 3`."""
        return f"ensemble of {len(self.members)}"

    @property
    def rule_name(self) -> str:
        """The rule as tables call it: `soft vote`."""
        return "greedy choice" if self.rule == "greedy" else f"{self.rule} vote"


@dataclass(frozen=True)
class Gain:
    """An ensemble against its best member, which validation chose, on the same n test images.

    `won` images only the ensemble has right, `lost` only the member; `top1` is the difference in accuracy,
    `low` to `high` its 95 % interval (Newcombe 1998), `p` McNemar's two-sided mid-p.
    """

    over: str
    top1: float
    low: float
    high: float
    won: int
    lost: int
    p: float
