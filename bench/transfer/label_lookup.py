"""Which classes a label map means: those of the other dataset by name or WordNet id, ours by name or position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.errors import BenchError, LabelMapError, unknown_name
from bench.transfer.class_names import Agreement, agreement, plain_name, wordnet_id
from bench.transfer.label_map import WrittenMap
from bench.transfer.wordnet import lemmas

Classes = Mapping[str, tuple[str, ...]]
"""Target -> class names, in the order of the labels."""


def their_names(name: str, also: str = "") -> list[str]:
    """List what a class is called: by its dataset, by the map and, where it has an id, by WordNet."""
    wnid = wordnet_id(name) or wordnet_id(also)
    return [text for text in (name, also, *(lemmas(wnid) if wnid else ())) if text]


def shown_name(name: str) -> str:
    """Write a class for a reader: without its WordNet id or, where it is nothing else, as WordNet calls it."""
    plain = plain_name(name)
    words = lemmas(plain) if wordnet_id(plain) else ()
    return f"{words[0]} ({plain})" if words else plain


def find_theirs(written: WrittenMap, theirs: Sequence[str], dataset: str) -> dict[str, int]:
    """Return which class of `dataset` each key means, by position; raises LabelMapError, also for one twice."""
    found: dict[str, int] = {}
    for key in written.map:
        index = _find_class(written.named(key), theirs, dataset)
        twice = next((other for other, its in found.items() if its == index), None)
        if twice is not None:
            raise LabelMapError(
                f"The label map has {theirs[index]!r} twice.",
                f"Both {twice!r} and {key!r} mean it.",
                "Remove one of the two lines.",
            )
        found[key] = index
    return found


def _find_class(name: str, theirs: Sequence[str], dataset: str) -> int:
    """Return the position of the class that a name means: its own name, its WordNet id, or what it is called."""
    if name in theirs:
        return theirs.index(name)
    if wnid := wordnet_id(name):
        return _find_by_id(name, wnid, theirs, dataset)
    found = [i for i, its in enumerate(theirs) if agreement([its], name) is Agreement.EXACT]
    found = found or [i for i, its in enumerate(theirs) if agreement(their_names(its), name) is Agreement.EXACT]
    if len(found) > 1:
        raise LabelMapError(
            f"{name!r} is the name of several classes of {dataset}.",
            f"They are {', '.join(theirs[i] for i in found)}.",
            "Write the whole name, or the WordNet id, of the one that is meant.",
        )
    if not found and name.isdecimal():
        raise LabelMapError(
            f"{dataset} has no class called {name}.",
            "If that is a position, it alone may mean another class in another order.",
            f'Write the class\'s name; or add index_order, and {name} = "its name" below [names].',
        )
    if not found:
        raise unknown_name(f"class of {dataset}", name, {plain_name(its) for its in theirs}, LabelMapError)
    return found[0]


def _find_by_id(name: str, wnid: str, theirs: Sequence[str], dataset: str) -> int:
    index = next((i for i, its in enumerate(theirs) if wordnet_id(its) == wnid), None)
    if index is None:
        known = [its for its in map(wordnet_id, theirs) if its]
        if not known:
            raise LabelMapError(
                f"{dataset} has no class {wnid}.", "Its classes have no WordNet ids.", "Write their names."
            )
        raise unknown_name(f"class of {dataset}", wnid, known, LabelMapError)
    said, called = plain_name(name), their_names(theirs[index])
    if wordnet_id(said) is None and not agreement(called, said):
        raise LabelMapError(
            f"{wnid} is not {said!r}.",
            f"It is {', '.join(dict.fromkeys(map(plain_name, called)))}.",
            "Correct the id or the name.",
        )
    return index


def find_target(written: WrittenMap, ours: Classes) -> str:
    """Choose which of our targets a map speaks of; names of no target are left for `find_ours` to refuse."""
    if written.target:
        if written.target not in ours:
            raise unknown_name("target of the label map", written.target, ours, LabelMapError)
        return written.target
    first = next(iter(ours))
    return next((target for target in ours if _knows(written, target, ours[target])), first)


def _knows(written: WrittenMap, target: str, classes: Sequence[str]) -> bool:
    try:
        for value in written.map.values():
            find_ours(value, target, classes)
    except BenchError:
        return False
    return True


def find_ours(value: str | int, target: str, classes: Sequence[str]) -> int:
    """Return the position of the class of ours that a value means; raises LabelMapError where there is none."""
    if isinstance(value, int):
        if value >= len(classes):
            raise LabelMapError(
                f"There is no {target} class {value} of ours.",
                f"There are {len(classes)}, counted from 0.",
                "Correct the position, or write the class's name.",
            )
        return value
    if value in classes:
        return list(classes).index(value)
    found = [i for i, name in enumerate(classes) if agreement([value], name) is Agreement.EXACT]
    if len(found) != 1:
        raise unknown_name(f"{target} class of ours", value, classes, LabelMapError)
    return found[0]
