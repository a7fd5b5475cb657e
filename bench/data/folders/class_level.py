"""Finds the level whose folders are the classes, if folders lie in folders: `2019/cat` or `cat/2019`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from bench.data.folders.understood import option, shown, unclear

_Below = Mapping[str, tuple[str, ...]]  # image -> its folders, from the level in question on

_GENERIC = re.compile(
    r"(images?|imgs?|photos?|pics?|pictures?|frames?|crops?|cropped|raw|originals?|data|files?|jpe?gs?|png|rgb|color"
    r"|colour|batch|session|part|set|group|seq|sequence|video|clip|cam|camera|run|day|shot|burst|scan|patient|subject"
    r"|front|back|left|right|top|bottom|side|dir|folder|sub|new|old|misc|other|others)?"
    r"[ _-]?\d*([ _-]\d+)*",
    re.IGNORECASE,
)
_MASKS = re.compile(
    r"(seg|segmentation|bin|binary|lung|object)?[ _-]?(masks?|labels?|annotations?|annots?|gt|ground[ _-]?truths?"
    r"|segmentations?|trimaps?|bboxe?s?|contours?)",
    re.IGNORECASE,
)


def is_generic(name: str) -> bool:
    """Return whether a folder's name sorts images without saying what they show: `2019`, `images`, `batch_2`."""
    return _GENERIC.fullmatch(name) is not None


def check_class_level(below: _Below, prefix: str) -> tuple[str, ...]:
    """Check that the first of the folders is the class; return remarks on folders that lie below it.

    `prefix` is the layout above the level (`splits/`, or nothing), for messages. Raises DataError if the classes
    may just as well be further down: years, domains or groups of classes above them.
    """
    subs: defaultdict[str, set[str]] = defaultdict(set)
    direct = set()
    for folders in _without_shared(below).values():
        if len(folders) > 1:
            subs[folders[0]].add(folders[1])
        else:
            direct.add(folders[0])
    deep_only = subs.keys() - direct
    everything = set().union(*subs.values()) if subs else set()
    _refuse_masks(subs, everything, prefix)
    _refuse_nested_copy(below, subs, deep_only, prefix)
    if 2 * len(deep_only) > len(subs.keys() | direct) and not _sorts_within(subs, deep_only):
        _refuse_ambiguous(below, deep_only, prefix)
    several = sorted(f"{top}/{sub}" for top in subs for sub in subs[top] if len(subs[top]) > 1 or top in direct)
    return (f"Folders below the classes are read with them: {shown(several)}.",) if several else ()


def _without_shared(below: _Below) -> _Below:
    """Take away folders below the first that all images share, as `images` in `cat/images/1.jpg`."""
    shared = {folders[1:2] for folders in below.values()}
    if len(shared) != 1 or shared == {()}:
        return below
    return _without_shared({name: (folders[0], *folders[2:]) for name, folders in below.items()})


def _sorts_within(subs: Mapping[str, set[str]], deep_only: Collection[str]) -> bool:
    """Whether the folders below only sort a class's images: one in each class, or names that say no class."""
    if all(len(subs[top]) == 1 for top in deep_only):
        one = {next(iter(subs[top])) for top in deep_only}
        return len(one) == 1 or not all(map(is_generic, deep_only))
    below = {sub for top in deep_only for sub in subs[top]}
    return all(map(is_generic, below)) and not all(map(is_generic, deep_only))


def _refuse_masks(subs: Mapping[str, set[str]], everything: set[str], prefix: str) -> None:
    masks = {name for name in everything if _MASKS.fullmatch(name)}
    if masks and (pictures := everything - masks) and len(everything) <= _FEW:
        raise unclear(
            f"Some folders below the classes are named like masks: {shown(masks)}.",
            "Masks and other annotations are no images of the class.",
            [
                *(option(f"{prefix}classes/{name}", subs) for name in sorted(pictures)),
                option(f"{prefix}classes", subs),
            ],
        )


_FEW = 4


def _refuse_nested_copy(
    below: _Below, subs: Mapping[str, set[str]], deep_only: Collection[str], prefix: str
) -> None:
    """Raise DataError if a folder beside the classes holds folders of their names once more."""
    tops = {folders[0] for folders in below.values()}
    copies = sorted(top for top in deep_only if len(subs[top] & (tops - {top})) > 1 or subs[top] >= tops - {top})
    if copies and len(tops) > 1:
        raise unclear(
            f"The folder {copies[0]} holds folders of the classes' names again.",
            f"{shown(subs[copies[0]])} lie in it, and {shown(tops)} beside it: it is a copy, or a class.",
            [f"take {copies[0]} away", option(f"{prefix}classes", tops)],
        )


def _refuse_ambiguous(below: _Below, deep_only: Collection[str], prefix: str) -> None:
    """Raise DataError with the layouts that the folders may have, down to the level that tells images apart."""
    levels = {depth: {f[depth] for f in below.values() if len(f) > depth} for depth in range(1, 4)}
    options = [option(f"{prefix}classes", {folders[0] for folders in below.values()})]
    options += [
        option(f"{prefix}{'*/' * depth}classes", names) for depth, names in levels.items() if len(names) > 1
    ]
    below_them = next(some for some in levels.values() if len(some) > 1)
    raise unclear(
        "The folders may be classes, or sort the classes below them.",
        f"{shown(deep_only)} hold no images but folders: {shown(below_them)}.",
        options,
    )
