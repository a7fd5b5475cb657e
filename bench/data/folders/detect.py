"""Understands a folder without being told: which level is the classes, and whether one is the splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn

from bench.data.checks.check import OfficialSplit
from bench.data.folders.class_level import check_class_level, is_generic
from bench.data.folders.split_words import Unclear, read_split_names, split_name
from bench.data.folders.understood import Understood, folders_of, left_out, option, shown, unclear
from bench.errors import DataError

_NO_CLASS = frozenset({"all", "all_classes", "unknown", "none", "null", "x", "class", "classes", "dummy"})


def understand(names: Sequence[str]) -> Understood:
    """Read the class, and the split, of each image from its folders.

    `names` are paths below the dataset's top. Raises DataError if no image lies in a class folder, and if the
    levels can be read in more than one way.
    """
    inside = {name: folders for name in names if (folders := folders_of(name))}
    tops = {folders[0] for folders in inside.values()}
    if not tops:
        raise DataError(
            "There is no image in class folders.",
            f"{len(names):,} images lie side by side: looked for CLASS/image.jpg and train/CLASS/image.jpg.",
            "Put each class's images in a folder of its name; or name a file that lists them: --list labels.csv.",
        )
    stray = len(names) - len(inside)
    remarks = (left_out(stray, "outside of class folders"),) if stray else ()
    verdict = read_split_names(tops)
    if isinstance(verdict, Unclear):
        _refuse(verdict, inside)
    understood = _in_splits(inside, verdict.splits) if verdict else _in_classes(inside)
    return Understood(understood.layout, understood.labels, understood.splits, (*remarks, *understood.remarks))


def _refuse(verdict: Unclear, inside: Mapping[str, tuple[str, ...]]) -> NoReturn:
    tops = {folders[0] for folders in inside.values()}
    options = []
    splits = sorted(top for top in tops if (known := split_name(top)) and known.word != "unused")
    if any(known.word == "train" for top in splits if (known := split_name(top))):
        left = f", without {shown(tops - set(splits))}" if tops - set(splits) else ""
        options.append(f"--layout splits/classes (splits: {shown(splits)}{left})")
    todo = "" if options else "Add a folder train with a folder per class in it. "
    error = unclear(verdict.what, verdict.why, [*options, option("classes", tops)])
    raise DataError(error.what, error.why, f"{todo}{error.todo}")


def _in_splits(inside: Mapping[str, tuple[str, ...]], splits: Mapping[str, OfficialSplit | None]) -> Understood:
    """Read folders of splits with classes in them, perhaps below one more folder: `seg_train/seg_train/CLASS`."""
    by_top: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for name, folders in inside.items():
        by_top[folders[0]][name] = folders[1:]
    trains = [top for top in by_top if splits[top] == "train"]
    remarks = [f"The folder {top} is left out: it names no split." for top in by_top if splits[top] is None]
    below, wrapped = _without_wrappers({k: v for top in trains for k, v in by_top[top].items()}, set())
    classes = {folders[0] for folders in below.values() if folders}
    if _is_unlabelled(trains[0], below, set()):
        raise DataError(
            f"The split {trains[0]} has no class folders.",
            f"Its {len(below):,} images lie side by side, and no list says their classes.",
            "Put each class's images in a folder of its name; or name a file that lists them: --list train.csv.",
        )
    for top in sorted(by_top):
        if splits[top] in ("val", "test"):
            inner, wrap = _without_wrappers(by_top[top], classes)
            if _is_unlabelled(top, inner, classes):
                remarks.append(f"The folder {top} is left out: its {len(inner):,} images are in no class folder.")
                continue
            wrapped |= wrap
            below |= inner
    direct = [name for name, folders in below.items() if not folders]
    if direct:
        remarks.append(left_out(len(direct), "outside of class folders", direct[0]))
    below = {name: folders for name, folders in below.items() if folders}
    prefix = "splits/*/" if wrapped else "splits/"
    remarks += check_class_level(below, prefix)
    labels = {name: folders[0] for name, folders in below.items()}
    official = {name: split for name in below if (split := splits[inside[name][0]])}
    return Understood(f"{prefix}classes", labels, official, tuple(remarks))


def _without_wrappers(
    below: Mapping[str, tuple[str, ...]], classes: Collection[str]
) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Take away folders that only wrap all others, unless one is a known class; return whether any was."""
    wrapped = False
    while len({folders[:1] for folders in below.values()}) == 1 and min(map(len, below.values())) > 1:
        if next(iter(below.values()))[0] in classes:
            break
        below, wrapped = {name: folders[1:] for name, folders in below.items()}, True
    return dict(below), wrapped


def _is_unlabelled(top: str, below: Mapping[str, tuple[str, ...]], classes: Collection[str]) -> bool:
    """Whether a held-out split has no class folders: images side by side, or in one folder that is no class."""
    subs = {folders[0] for folders in below.values() if folders}
    if len(subs) > 1 or subs & set(classes):
        return False
    return all(
        sub == top or sub.lower() in _NO_CLASS or is_generic(sub) or split_name(sub) is not None for sub in subs
    )


def _in_classes(inside: Mapping[str, tuple[str, ...]]) -> Understood:
    """Read class folders, in each of which the splits may lie: `cat/train/1.jpg`."""
    labels = {name: folders[0] for name, folders in inside.items()}
    subs = {folders[1] for folders in inside.values() if len(folders) > 1}
    verdict = read_split_names(subs)
    if verdict is None:
        return Understood("classes", labels, {}, check_class_level(inside, ""))
    tops, beside = set(labels.values()), [name for name, folders in inside.items() if len(folders) == 1]
    options = [
        f"--layout classes/splits ({len(tops):,} classes: {shown(tops)})",
        option("classes", tops),
        option("*/classes", subs),
    ]
    if isinstance(verdict, Unclear):
        raise unclear(f"Below the classes: {verdict.what}", verdict.why, options)
    if beside:
        raise unclear(
            "Some classes have folders named like splits, and some images lie beside them.",
            f"{shown(subs)} would be splits, and {beside[0]} is in none.",
            options[:2],
        )
    deeper = {folders[2] for folders in inside.values() if len(folders) > 2}  # noqa: PLR2004 - class, split, more
    if not all(map(is_generic, deeper)):
        options = [option("*/splits/classes", deeper), *options[:1]]
        raise unclear("There are levels above and below the splits.", f"{shown(tops)} hold splits.", options)
    left_out = sorted(sub for sub, split in verdict.splits.items() if split is None)
    remarks = [f"The folders {sub} are left out: they name no split." for sub in left_out]
    official = {name: split for name, folders in inside.items() if (split := verdict.splits[folders[1]])}
    kept = {name: label for name, label in labels.items() if name in official}
    return Understood("classes/splits", kept, official, tuple(remarks))
