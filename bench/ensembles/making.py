"""From candidates to an ensemble: a rule chooses on validation, then test is measured once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from bench.ensembles.candidates import Candidate
from bench.ensembles.gain import gain
from bench.ensembles.greedy import choose_members
from bench.ensembles.voting import Scores, hard_vote, soft_vote
from bench.ensembles.weighting import choose_weights
from bench.errors import BenchError, BudgetError
from bench.metrics.accuracy import measure
from bench.plan.budget import Budget
from bench.plan.shared import Joint
from bench.records.ensembles import Ensemble, Gain, Member, Rule
from bench.records.predictions import Predictions
from bench.records.runs import Metrics, TestMetrics, ValMetrics
from bench.store.artifacts import Artifacts

M = TypeVar("M", bound=Metrics)

STARTS = 16
"""Backbones that a greedy choice under a budget begins with at most: a large first run leaves no room."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: a rule, a joint budget, and for `greedy` how many runs at most."""

    rule: Rule = "soft"
    budget: Budget = field(default_factory=Budget)
    most: int | None = None
    command: str = ""


def make(candidates: Sequence[Candidate], artifacts: Artifacts, wanted: Wanted) -> Ensemble:
    """Make the ensemble of candidates on the same images. Weighted and greedy may leave a single run.

    Raises BenchError where there are fewer than two candidates, BudgetError where the budget does not hold.
    """
    if len(candidates) < 2:  # noqa: PLR2004 - one run is no ensemble
        raise BenchError(
            f"There {'is one run' if candidates else 'is no run'} to make an ensemble of.",
            "An ensemble is of two runs or more.",
            "Name more runs, or take all of a task with --pool; `bench runs --status done` lists them.",
        )
    joint = Joint({found.run_id: found.part for found in candidates})
    weights = _weights(candidates, joint, wanted)
    counts = joint.counts(weights)
    if broken := wanted.budget.reasons(counts):
        raise BudgetError(
            f"These runs together do not fit the budget {wanted.budget}.",
            f"{', '.join(broken)}; what they share is counted once.",
            "Leave a run out, or let --rule greedy choose what fits.",
        )
    first, by_id = candidates[0], {found.run_id: found for found in candidates}
    order = sorted(weights, key=lambda run_id: (-weights[run_id], -by_id[run_id].metrics.top1, run_id))
    test = {run_id: artifacts.predictions(run_id).of(first.row.target).test for run_id in order}
    return Ensemble(
        rule=wanted.rule,
        members=tuple(Member(run_id, weights[run_id]) for run_id in order),
        dataset=first.row.dataset,
        target=first.row.target,
        num_classes=first.row.num_classes,
        fingerprint=first.row.fingerprint,
        split_digest=first.split_digest,
        total_params=counts.total_params,
        trainable_params=counts.trainable_params,
        gmacs=counts.gmacs,
        val=_measured(ValMetrics, wanted.rule, {run_id: by_id[run_id].val for run_id in order}, weights),
        test=_measured(TestMetrics, wanted.rule, test, weights),
        command=wanted.command,
        request={"budget": str(wanted.budget), "most": wanted.most, "candidates": len(candidates)},
    )


def best_member(ensemble: Ensemble, val: Mapping[str, ValMetrics]) -> str:
    """Return the member with the best validation accuracy; of equal ones that with the lower loss."""
    runs = sorted(member.run_id for member in ensemble.members)
    return max(runs, key=lambda run_id: (val[run_id].top1, -val[run_id].loss))


def compare(ensemble: Ensemble, best: str, artifacts: Artifacts) -> Gain:
    """Compare an ensemble with its best member on test. Raises StoreError where predictions are not there."""
    made = {member.run_id: artifacts.predictions(member.run_id) for member in ensemble.members}
    test = {run_id: kept.of(ensemble.target).test for run_id, kept in made.items()}
    weights = {member.run_id: member.weight for member in ensemble.members}
    return gain(_scores(ensemble.rule, test, weights), test[best], best)


def measured_again(ensemble: Ensemble, artifacts: Artifacts) -> tuple[ValMetrics, TestMetrics]:
    """Measure a recorded ensemble once more. Raises StoreError if predictions of a member are not there."""
    made = {member.run_id: artifacts.predictions(member.run_id).of(ensemble.target) for member in ensemble.members}
    weights = {member.run_id: member.weight for member in ensemble.members}
    return (
        _measured(ValMetrics, ensemble.rule, {run_id: kept.val for run_id, kept in made.items()}, weights),
        _measured(TestMetrics, ensemble.rule, {run_id: kept.test for run_id, kept in made.items()}, weights),
    )


def _weights(candidates: Sequence[Candidate], joint: Joint, wanted: Wanted) -> dict[str, float]:
    """Return the weights, all above 0, that the rule gives; only validation predictions are at hand."""
    val = {found.run_id: found.val for found in candidates}
    if wanted.rule == "weighted":
        return {run_id: weight for run_id, weight in choose_weights(val).items() if weight > 0}
    if wanted.rule != "greedy":
        return dict.fromkeys(val, 1 / len(val))

    @cache
    def fits(run_ids: frozenset[str]) -> bool:
        return not wanted.budget.reasons(joint.counts(run_ids))

    alone = [found for found in candidates if fits(frozenset([found.run_id]))]
    if not alone:
        smallest = min(candidates, key=lambda found: (found.row.total_params, found.run_id))
        broken = wanted.budget.reasons(joint.counts([smallest.run_id]))
        raise BudgetError(
            f"None of the {len(candidates)} runs fits the budget {wanted.budget}.",
            f"Of the smallest, {smallest.run_id[:12]}, {', '.join(broken)}.",
            "Raise the budget, or choose from other runs.",
        )
    limited = bool(wanted.budget.limits)
    picks = choose_members(
        {found.run_id: found.val for found in alone},
        lambda run_ids: fits(frozenset(run_ids)),
        _firsts(alone) if limited else _firsts(alone)[:1],
        wanted.most,
    )
    return {run_id: count / sum(picks.values()) for run_id, count in picks.items()}


def _firsts(candidates: Sequence[Candidate]) -> list[str]:
    """Return the best run of each backbone, best first."""
    ordered = sorted(candidates, key=lambda found: (-found.metrics.top1, found.metrics.loss, found.run_id))
    best = {found.row.backbone: found.run_id for found in reversed(ordered)}
    return [found.run_id for found in ordered if best[found.row.backbone] == found.run_id][:STARTS]


def _scores(rule: Rule, made: Mapping[str, Predictions], weights: Mapping[str, float]) -> Scores:
    return hard_vote(made) if rule == "hard" else soft_vote(made, weights)


def _measured(kind: type[M], rule: Rule, made: Mapping[str, Predictions], weights: Mapping[str, float]) -> M:
    labels = next(iter(made.values())).labels
    metrics = measure(kind, _scores(rule, made, weights), labels)
    return replace(metrics, loss=float("nan")) if rule == "hard" else metrics
