"""A label map resolved to classes, and checked by name: whether a class goes to the one of ours it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.transfer.class_names import Agreement, agreement, wordnet_id
from bench.transfer.label_lookup import Classes, find_ours, find_target, find_theirs, shown_name, their_names
from bench.transfer.label_map import WrittenMap
from bench.transfer.wordnet import definition

Verdict = Literal["agrees", "confirmed", "unchecked", "disagrees"]


@dataclass(frozen=True)
class Pair:
    """One of their classes and the one of ours that it goes to, as positions; `corrected` is where its name says.

    `unchecked` is a pair without a word in common, which nothing speaks against. `note` says what is doubtful.
    """

    key: str
    theirs: int
    ours: int
    corrected: int
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True)
class CheckedMap:
    """A label map between two lists of classes: `theirs`, and `ours` under `target`."""

    target: str
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]

    @property
    def readings(self) -> dict[str, dict[int, int]]:
        """The map as it is written and, if names correct something, by name: their class -> our class."""
        given = {pair.theirs: pair.ours for pair in self.pairs}
        corrected = {pair.theirs: pair.corrected for pair in self.pairs}
        return {"as written": given} if corrected == given else {"as written": given, "by name": corrected}


def check_map(written: WrittenMap, theirs: Sequence[str], ours: Classes, dataset: str) -> CheckedMap:
    """Resolve a map on the classes of the other `dataset` and on ours, and compare each pair by name.

    `ours` are the targets that may be meant, the likeliest first: the map's `target`, else the first that knows
    every class that the map names. Raises LabelMapError for an unknown class, or one that is mapped twice.
    """
    target = find_target(written, ours)
    found = find_theirs(written, theirs, dataset)
    pairs = tuple(
        _judged(key, found[key], find_ours(value, target, ours[target]), written, theirs, ours[target])
        for key, value in written.map.items()
    )
    made_for = [f"The map was written for {written.dataset}."] if written.dataset not in ("", dataset) else []
    doubts = [pair.note for pair in pairs if pair.verdict == "disagrees"]
    places = _misplaced(written, found, theirs, ours[target])
    return CheckedMap(target, tuple(theirs), tuple(ours[target]), pairs, (*made_for, *doubts, *places))


def _judged(
    key: str, index: int, ours: int, written: WrittenMap, theirs: Sequence[str], classes: Sequence[str]
) -> Pair:
    names = their_names(theirs[index], written.named(key) if written.named(key) != key else "")
    grades = [agreement(names, name) for name in classes]
    best, own = max(grades), grades[ours]
    if key in written.confirmed:
        return Pair(key, index, ours, ours, "confirmed")
    if best >= Agreement.HEAD and best > own:
        called = [i for i, grade in enumerate(grades) if grade == best]
        note = f"{shown_name(theirs[index])} goes to {classes[ours]}"
        if isinstance(written.map[key], int):
            note += f" (position {ours})"
        listed = " or ".join(f"{classes[i]} ({i})" for i in called[:5])
        note += f", but by its name it is {listed}."
        return Pair(key, index, ours, called[0] if len(called) == 1 else ours, "disagrees", note)
    if own is Agreement.NONE:
        meaning = definition(wordnet_id(theirs[index]) or "")
        return Pair(key, index, ours, ours, "unchecked", meaning)
    return Pair(key, index, ours, ours, "agrees")


def _misplaced(
    written: WrittenMap, found: Mapping[str, int], theirs: Sequence[str], ours: Sequence[str]
) -> Iterator[str]:
    """Say which keys are positions of another class than the one that they are named as."""
    if not written.index_order:
        return
    order = list(range(len(theirs)))
    if written.index_order == "sorted":
        order.sort(key=lambda index: theirs[index])
    for key, index in found.items():
        if not key.isdecimal() or (int(key) < len(order) and order[int(key)] == index):
            continue
        name, right = shown_name(theirs[index]), order.index(index)
        at = shown_name(theirs[order[int(key)]]) if int(key) < len(order) else "no class"
        text = f"Position {key} is named {name}, but in that order it is {at}, and {name} is {right}."
        turned = int(key) < len(ours) and agreement(their_names(theirs[index]), ours[int(key)])
        if turned and turned >= Agreement.HEAD and written.map[key] == right:
            text += f" The pair is the wrong way round: {right} = {key}."
        yield f"{text} The name counts."
