"""What an evaluation on another dataset measured, head by head and reading by reading, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import permutations
from typing import Any

import numpy as np

from bench.inference.predicting import outputs
from bench.records.targets import contradiction
from bench.transfer.label_check import CheckedMap
from bench.transfer.label_groups import Groups, through
from bench.transfer.label_lookup import Classes
from bench.transfer.label_map import WrittenMap
from bench.transfer.scores import Floats, Labels, class_scores, confusion, measure_mapped


def measured(
    logits: Floats, labels: Labels, classes: Classes, checked: CheckedMap, groups: Groups
) -> dict[str, Any]:
    """Measure logits (n, classes of all targets) of images with their `labels` (n,), all of them mapped.

    `heads` has an entry per target of the run that the map leads to; in each, `readings` are the map as written
    and, where it differs, as corrected by name. In a reading `all` is over all our classes, which is the headline,
    and `mapped` lets only those be said that something is mapped to (None where those are all).
    """
    parts = {target: logits[:, part] for target, part in outputs(dict(classes)).items()}
    heads, notes = [], []
    for target, part in parts.items():
        led = readings_of(checked, groups, target)
        if led:
            heads.append(_head(target, part, labels, led, checked, classes[target]))
        else:
            notes.append(
                f"The head {target} is left out: nothing here says which {target} class a {checked.target} class "
                f"belongs to. The run's own dataset would, or, where a file groups them, --groups {target}=FILE."
            )
    return {"heads": heads, "contradictions": _contradictions(parts, groups), "notes": notes}


def readings_of(checked: CheckedMap, groups: Groups, target: str) -> dict[str, dict[int, int]]:
    """Return the readings of a map that lead to the classes of a target; none if nothing says how."""
    led = {name: through(reading, groups, checked.target, target) for name, reading in checked.readings.items()}
    return {name: reading for name, reading in led.items() if reading is not None}


def map_record(checked: CheckedMap, written: WrittenMap, name: str) -> dict[str, Any]:
    """Return a checked map as plain data, classes by their names."""
    pairs = [
        {
            "key": pair.key,
            "theirs": checked.theirs[pair.theirs],
            "ours": checked.ours[pair.ours],
            "by_name": checked.ours[pair.corrected],
            "verdict": pair.verdict,
            "note": pair.note,
        }
        for pair in checked.pairs
    ]
    return {
        "name": name,
        "target": checked.target,
        "pairs": pairs,
        "warnings": list(checked.warnings),
        "written": written.model_dump(mode="json"),
    }


def _head(
    target: str,
    logits: Floats,
    labels: Labels,
    readings: Mapping[str, Mapping[int, int]],
    checked: CheckedMap,
    ours: tuple[str, ...],
) -> dict[str, Any]:
    shown = [pair.theirs for pair in checked.pairs if (labels == pair.theirs).any()]
    said, counts = confusion(logits, labels, shown)
    return {
        "target": target,
        "classes": len(ours),
        "readings": [_reading(name, reading, logits, labels, checked, ours) for name, reading in readings.items()],
        "confusion": {
            "theirs": [checked.theirs[i] for i in shown],
            "said": [ours[i] for i in said],
            "counts": counts,
        },
    }


def _reading(
    name: str,
    reading: Mapping[int, int],
    logits: Floats,
    labels: Labels,
    checked: CheckedMap,
    ours: tuple[str, ...],
) -> dict[str, Any]:
    mapped = len(set(reading.values()))
    only = measure_mapped(logits, labels, reading, only_mapped=True) if mapped < len(ours) else None
    return {
        "name": name,
        "mapped_classes": mapped,
        "all": asdict(measure_mapped(logits, labels, reading)),
        "mapped": asdict(only) if only else None,
        "classes": [asdict(score) for score in class_scores(logits, labels, reading, checked.theirs, ours)],
    }


def _contradictions(parts: Mapping[str, Floats], groups: Groups) -> list[dict[str, Any]]:
    """Say how often two heads, of which one groups the classes of the other, contradict each other."""
    return [
        {
            "target": one,
            "group_target": other,
            "share": contradiction(parts[one], parts[other], _as_array(groups[one, other])),
            "n": len(parts[one]),
        }
        for one, other in permutations(parts, 2)
        if (one, other) in groups
    ]


def _as_array(group_of: Mapping[int, int]) -> Labels:
    """Write the group of each class as an array (classes,)."""
    return np.array([group_of[index] for index in range(len(group_of))], np.int64)
