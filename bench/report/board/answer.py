"""The answer in a sentence: what to take, and what the evidence for it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from bench.report.board.groups import Group
from bench.report.board.layout import short_name
from bench.report.board.noise import FindVal, doubt, no_predictions
from bench.report.board.tables import Board, rank_groups
from bench.units import show, show_difference, show_spread

NO_BREAK = "\u00a0"

_LESS = 0.5  # of the compute: what is worth naming as the cheaper choice
_RIVALS = 5  # next in rank: of how many it is asked whether the lead over them is noise


@dataclass(frozen=True)
class Answer:
    """`headline` says what to take, `evidence` why, `lead` whether the next in rank are worse by more than noise.

    `cheaper` says what half the compute buys, if anything. It is always a single run, for the question is which
    backbone to take; `together` says what the best ensemble adds, if one validates better.
    """

    headline: str
    evidence: str
    lead: str
    cheaper: str
    best: Group
    together: str = ""


def answer(board: Board, budget: str = "", find: FindVal = no_predictions) -> Answer | None:
    """Answer for one board, chosen by validation accuracy alone; None where nothing ranks.

    `find` looks up validation predictions, to tell whether a cheaper choice is worse by more than noise.
    """
    ranked = rank_groups(entry.group for entry in board.entries)
    groups = [group for group in ranked if group.ensemble is None]
    if not groups:
        return None
    best, find = groups[0], cache(find)  # the best is compared with several
    where = f"On {board.title}{budget_words(budget)}"
    return Answer(
        headline=f"{where} take {choice(best)}.",
        evidence=_evidence(best, len(groups)),
        lead=_lead(best, groups[1 : 1 + _RIVALS], find),
        cheaper=_cheaper(best, groups[1:], find),
        best=best,
        together=_together(best, next((group for group in ranked if group.ensemble), None)),
    )


def choice(group: Group) -> str:
    """Name what a group trained: its backbone and strategy."""
    return f"{short_name(group.first.backbone)}, {group.first.strategy}"


def budget_words(budget: str) -> str:
    """Say a budget within a sentence: ` under 10M parameters`; empty without one."""
    if not budget:
        return ""
    from bench.plan.budget import human, parse_budget  # noqa: PLC0415 - only where a budget is given

    limits = parse_budget(budget).limits
    if [quantity for quantity, _ in limits] == ["total"]:
        return f" under {human(limits[0][1])} parameters"
    return f" within {', '.join(f'{quantity} <= {human(limit)}' for quantity, limit in limits)}"


def accuracy(group: Group, key: str) -> str:
    """Write an accuracy with its spread: `90.6 ± 0.2 %`."""
    mean, std, _ = group.stat(key)
    return f"{show_spread(mean, std, 'fraction')} %".replace(" ", NO_BREAK)


def _evidence(best: Group, candidates: int) -> str:
    n, row = len(best.rows), best.first
    seeds = f"{n} seeds" if n > 1 else "one seed"
    chosen = f"Validation chose it, the best of {candidates:,} candidates; test had no say."
    if candidates == 1:
        chosen = "It is the only candidate, so nothing was chosen."
    heads = ", the mean of its heads" if best.heads else ""
    trained = f"with {row.trainable_params:,} trained parameters"
    accuracies = f"{accuracy(best, 'test_top1')} test top-1{heads}, {accuracy(best, 'val_top1')} on validation"
    return f"{accuracies} ({seeds}), {trained}. {chosen}"


def _lead(best: Group, rivals: list[Group], find: FindVal) -> str:
    """Say whether the lead on validation is more than noise, and who of the next in rank is as good for less."""
    if not rivals:
        return ""
    second, validated = choice(rivals[0]), f"{accuracy(rivals[0], 'val_top1')} on validation"
    seen = doubt(best, rivals[0], find)
    if seen is None:
        return f"Next is {second}, {validated}; whether that is worse by more than chance, one seed does not tell."
    if not seen.within:
        return f"Its lead over {second}, {validated}, is more than noise ({seen.how})."
    others = list(takewhile(lambda group: (found := doubt(best, group, find)) and found.within, rivals[1:]))
    more = f", and so is that over the next {len(others)}" if others else ""
    told = f"Its lead over {second}, {validated}, is within noise ({seen.how}){more}."
    least = min([rivals[0], *others], key=lambda group: group.first.gmacs)
    if not _LESS * best.first.gmacs < least.first.gmacs < best.first.gmacs:  # half of it is `cheaper`
        return told
    which = f"Of these {choice(least)} computes least" if others else "That one computes less"
    return f"{told} {which}: {_gmacs(least)} against {_gmacs(best)} GMACs an image."


def _gmacs(group: Group) -> str:
    return show(group.first.gmacs, "gmacs")


def _cheaper(best: Group, others: list[Group], find: FindVal) -> str:
    """Name the best of what needs at most half the compute, what it gives up, and whether that is only noise."""
    limit = _LESS * best.first.gmacs
    found = next((group for group in others if group.first.gmacs <= limit), None)
    if found is None:
        return ""
    ratio = best.first.gmacs / found.first.gmacs if found.first.gmacs else 0.0
    factor = f"{ratio:.1f} times less compute" if ratio else "no compute"
    gap = f"{accuracy(found, 'test_top1')} test top-1, {given_up(best, found)} points lower on validation"
    seen = doubt(best, found, find)
    if seen and seen.within:
        return f"{choice(found)} is within noise with {factor}: {gap} ({seen.how})."
    told = f", more than noise ({seen.how})" if seen else ""
    return f"With {factor}: {choice(found)}, {gap}{told}."


def given_up(best: Group, other: Group) -> str:
    """Write what another group lacks of the best one's validation accuracy, as a reader subtracts the two."""
    return show_difference(best.val, other.val).removeprefix("+")


def _together(best: Group, found: Group | None) -> str:
    """Name the best ensemble where it validates better than the best single choice."""
    if found is None or found.val <= best.val:
        return ""
    row = found.first
    return (
        f"The {row.backbone} ({row.strategy}): {accuracy(found, 'test_top1')} test top-1 with "
        f"{row.total_params:,} parameters and {show(row.gmacs, 'gmacs')} GMACs an image."
    )
