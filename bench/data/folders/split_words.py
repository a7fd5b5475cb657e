"""Split words in the names of folders and lists: `train`, but also `seg_train`, `training_set` or `val2017`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.data.checks.check import OfficialSplit

_EXACT: dict[str, OfficialSplit] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_Word = Literal["train", "val", "test", "eval", "unused"]
_WORDS: dict[str, _Word] = {
    **_EXACT,
    **dict.fromkeys(("trn", "trainval"), "train"),
    **dict.fromkeys(("dev",), "val"),
    **dict.fromkeys(("tst",), "test"),
    **dict.fromkeys(("eval", "evaluation"), "eval"),
    **dict.fromkeys(("pred", "predict", "prediction", "predictions", "submission", "inference"), "unused"),
    **dict.fromkeys(("unlabeled", "unlabelled", "unlabel", "unsup", "unsupervised"), "unused"),
}
_GENERIC = frozenset(
    {"set", "sets", "data", "dataset", "image", "images", "img", "imgs", "pics", "pictures", "photo", "photos"}
    | {"file", "files", "folder", "split", "splits", "samples", "list", "lists", "filelist", "labels", "classes"}
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_GLUED = re.compile(r"(.+?)(set|data|images?|imgs?|list|split)")


@dataclass(frozen=True)
class SplitName:
    """A name with a split word in it: its meaning, what else the name says, and whether it is the word alone."""

    word: _Word
    rest: str
    exact: bool


@dataclass(frozen=True)
class SplitFolders:
    """Map sibling names to official splits, or to None if a name is left out."""

    splits: Mapping[str, OfficialSplit | None]


@dataclass(frozen=True)
class Unclear:
    """Why sibling names cannot be told to be splits or classes."""

    what: str
    why: str


def split_name(name: str) -> SplitName | None:
    """Find the split word in a name; None if it holds none, or words of two splits (`train_test`)."""
    if name.lower() in _EXACT:
        return SplitName(_EXACT[name.lower()], "", exact=True)
    words: list[_Word] = []
    rest: list[str] = []
    for part in _PARTS.findall(name):
        glued = _GLUED.fullmatch(part.lower())
        stem = part.lower() if part.lower() in _WORDS or not glued else glued.group(1)
        if stem in _WORDS:
            words.append(_WORDS[stem])
        elif part.lower() not in _GENERIC and not part.isdigit():
            rest.append(part.lower())
    if words == ["train", "val"]:
        words = ["train"]
    return SplitName(words[0], " ".join(rest), exact=False) if len(set(words)) == 1 else None


def read_split_names(names: Collection[str]) -> SplitFolders | Unclear | None:
    """Decide whether sibling names are those of splits; None if they are not, Unclear if that is not sure.

    Names that are a split word alone make all their siblings splits, or the folder is unclear. Longer names are
    splits if all siblings have a split word, what is left of them is the same, and train and a held-out split are
    among them: `seg_train` and `seg_test`, not `bullet_train` and `car`.
    """
    found = {name: known for name in sorted(names) if (known := split_name(name))}
    if not any(known.word != "unused" for known in found.values()):
        return None
    exact = [name for name, known in found.items() if known.exact]
    others = sorted(set(names) - found.keys())
    rests = {known.rest for known in found.values()}
    kinds = {known.word for known in found.values()} - {"unused"}
    if not exact and (len(kinds) == 1 or not _paired(found)):
        return None if others or len(kinds) == 1 else _differing(found)
    if others:
        return _mixed([name for name, known in found.items() if known.word != "unused"], others)
    if len(rests) > 1:
        return _differing(found)
    if "train" not in kinds:
        return Unclear(
            "There is no folder train.",
            f"The folders {', '.join(sorted(names))} name splits, and training images are missing.",
        )
    return _settle(found)


def _paired(found: Mapping[str, SplitName]) -> bool:
    """Whether train and a held-out split differ in nothing but their split word."""
    trains = {known.rest for known in found.values() if known.word == "train"}
    return any(known.rest in trains for known in found.values() if known.word in ("val", "test", "eval"))


def _settle(found: Mapping[str, SplitName]) -> SplitFolders | Unclear:
    """Give each name its split. `evaluation` is test, or val beside a test."""
    words = {known.word for known in found.values()}
    evaluated: OfficialSplit = "val" if "test" in words else "test"
    splits: dict[str, OfficialSplit | None] = {
        name: None if known.word == "unused" else evaluated if known.word == "eval" else known.word
        for name, known in found.items()
    }
    for name, split in splits.items():
        same = [other for other, its in splits.items() if its == split]
        if split and len(same) > 1 and not all(found[other].exact for other in same):
            return Unclear(
                f"Several folders are named like the split {split}.",
                f"{', '.join(same)} would be one split, as {name} alone is.",
            )
    return SplitFolders(splits)


def _mixed(splits: list[str], others: list[str]) -> Unclear:
    return Unclear(
        "Some folders are named like splits, and some are not.",
        f"{', '.join(splits)} would be splits, and {others[0]} a class.",
    )


def _differing(found: Mapping[str, SplitName]) -> Unclear:
    return Unclear(
        "The folders are named like splits, and like classes.",
        f"{', '.join(found)} hold split words, but differ in more than those.",
    )
