"""The columns that boards of joint runs have beside those of every board: each head's accuracy, contradictions."""

from __future__ import annotations

from bench.report.board.columns import Column
from bench.store.rows import RunHeads


def head_columns(heads: RunHeads) -> list[Column]:
    """Return the columns of what a joint run's heads measured; none where there is one head."""
    pairs = {each[1:3] for each in heads.contradictions}
    accuracies = [
        Column(
            key=f"head_{row.target}_{row.split}_top1",
            title=f"{row.target} {row.split} %",
            label=f"{row.split.capitalize()} top-1 of {row.target} (%)",
            unit="fraction",
            better="more",
            test=row.split == "test",
        )
        for row in heads.metrics
    ]
    contradictions = [
        Column(
            key=f"contradiction_{each.target}_{each.group_target}_{each.split}",
            title="contradict %" if len(pairs) == 1 else f"{each.target} against {each.group_target} %",
            label=f"Share of {each.split} with a {each.target} class outside its {each.group_target} group (%)",
            unit="fraction",
            test=each.split == "test",
        )
        for each in heads.contradictions
    ]
    return accuracies + contradictions


def head_values(heads: RunHeads) -> dict[str, float | None]:
    """Return a joint run's value for each of its `head_columns`, by key."""
    values = [*(row.top1 for row in heads.metrics), *(each.share for each in heads.contradictions)]
    return {column.key: value for column, value in zip(head_columns(heads), values, strict=True)}


def head_note(heads: RunHeads) -> str:
    """Say what the numbers of a board of joint runs are; empty where there is one head."""
    if not heads.metrics:
        return ""
    sizes = {row.target: row.num_classes for row in heads.metrics}
    named = " and ".join(f"{target} ({count:,} classes)" for target, count in sizes.items())
    pairs = dict.fromkeys((each.target, each.group_target) for each in heads.contradictions)
    against = (f"the {target} class is not in the {group} group" for target, group in pairs)
    contradict = f" Contradict: how often {', or '.join(against)} that the other head names." if pairs else ""
    return f"Accuracies are means over the heads {named}; each has its own column on test.{contradict}"
