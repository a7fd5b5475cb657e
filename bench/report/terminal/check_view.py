"""A dataset's check as lines of text, from the plain data of `bench.data.checks.check_record`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.units import on_one_line, some_names

NAMED_BEFORE_TRAINING, NAMED_ON_DEMAND = 3, 20
"""The most names that a finding lists."""

_INLINE = 12
"""Up to so many classes are listed with their counts."""


def check_lines(record: Mapping[str, Any], *, whole: bool) -> list[str]:
    """Return what a user should read before training on a dataset; `whole` lists every class and more names."""
    lines = [_head(record)]
    for target, found in record["targets"].items():
        prefix = f"{target} " if len(record["targets"]) > 1 else ""
        lines += [f"  {prefix}{_split(name, part)}" for name, part in found["splits"].items()]
        lines += _classes(found) if whole and found["classes"] > _INLINE else []
        lines.append(f"  {prefix}{_majority(found)}")
    if not record["checked"]:
        lines.append("  note: its image files were not looked at yet.")
    most = NAMED_ON_DEMAND if whole else NAMED_BEFORE_TRAINING
    return lines + [f"  {line}" for one in record["findings"] for line in finding_lines(one, most)]


def finding_lines(found: Mapping[str, Any], most: int) -> list[str]:
    """Return a finding with its first `most` names, and the way on."""
    names = some_names(found["names"], most)
    text = f"{found['level']}: {found['what']}{f': {names}' if names else ''}."
    return [text, f"  {found['todo']}"] if found["todo"] and found["level"] != "note" else [text]


def _head(record: Mapping[str, Any]) -> str:
    layout, lists = record["folder"]["layout"], record["folder"]["lists"]
    read = f"read as {layout}" if layout else f"read by {record['reader']}"
    by = f", with {', '.join(map(on_one_line, lists))}" if lists else ""
    classes = " and ".join(
        f"{found['classes']:,} {'' if len(record['targets']) == 1 else f'{target} '}classes"
        for target, found in record["targets"].items()
    )
    val = "" if record["val"] == "its own split" else f"; val is {record['val']}"
    return f"{on_one_line(record['dataset'])}: {classes}, {read}{by}{val}"


def _classes(found: Mapping[str, Any]) -> list[str]:
    """List every class with its images in each split, in columns."""
    counts = [part["counts"] for part in found["splits"].values()]
    names = {label: on_one_line(label) for label in counts[0]}
    width = max(map(len, names.values()))
    heads = f"    {'class':{width}}{''.join(f'{split:>8}' for split in found['splits'])}"
    rows = [f"    {shown:{width}}{''.join(f'{c[label]:>8,}' for c in counts)}" for label, shown in names.items()]
    return [heads, *rows]


def _split(name: str, part: Mapping[str, Any]) -> str:
    counts: Mapping[str, int] = part["counts"]
    head = f"{name:5} {part['images']:,} images"
    if len(counts) <= _INLINE:
        return f"{head}: {', '.join(f'{on_one_line(label)} {count:,}' for label, count in counts.items())}"
    first = ", ".join(on_one_line(label) for label in list(counts)[:3])
    return f"{head}, {min(counts.values()):,} to {max(counts.values()):,} of each class: {first}, ..."


def _majority(found: Mapping[str, Any]) -> str:
    shares = ", ".join(
        f"{100 * part['naming_train_majority_top1']:.1f} % of {name}" for name, part in found["splits"].items()
    )
    return f"always naming {on_one_line(found['train_majority'])} is right for {shares}"
