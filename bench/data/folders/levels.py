"""Layouts that a user names: levels of folders joined by `/`, as in `splits/classes` or `classes/*/splits`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.data.checks.check import OfficialSplit
from bench.data.folders.split_words import SplitFolders, read_split_names, split_name
from bench.data.folders.understood import Understood, folders_of, left_out, shown
from bench.errors import DataError, did_you_mean

GRAMMAR = (
    "A layout names each level of folders: classes (once), splits (once or not at all), * for a level that does "
    "not matter, or a folder's own name; images may lie deeper still."
)
_EXAMPLES = "Write --layout classes, splits/classes, classes/splits, '*/classes' or images/classes."
_KEYWORDS = ("classes", "splits", "*")


@dataclass(frozen=True)
class Layout:
    """A parsed `--layout`."""

    text: str

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The levels, the uppermost first."""
        return tuple(level.strip() for level in self.text.strip().strip("/").split("/"))

    @property
    def prefix(self) -> str:
        """The levels above the classes, for messages."""
        return "/".join(self.levels[: self.levels.index("classes")])

    def fits(self, folders: Sequence[str]) -> bool:
        """Return whether a path leads through these levels."""
        return len(folders) >= len(self.levels) and all(
            level in _KEYWORDS or level == folder for level, folder in zip(self.levels, folders, strict=False)
        )


def parse_layout(text: str) -> Layout:
    """Parse a layout. Raises DataError for one that is not of the grammar."""
    layout = Layout(text)
    near = [level for level in layout.levels if level.lower() in ("class", "split", "label", "labels", "train")]
    why = ""
    if layout.levels.count("classes") != 1:
        why = f"It names {layout.levels.count('classes')} levels of classes instead of one. "
    elif layout.levels.count("splits") > 1:
        why = "It names two levels of splits. "
    elif any(level in ("", ".", "..") for level in layout.levels):
        why = "A level has no name. "
    if why:
        hint = did_you_mean(near[0], _KEYWORDS) if near else ""
        raise DataError(f"Cannot read the layout {text!r}.", f"{why}{GRAMMAR} {hint}".rstrip(), _EXAMPLES)
    return layout


def apply_layout(layout: Layout, names: Sequence[str], where: str) -> Understood:
    """Read class and split of each image whose path has the layout's levels; the others are left out, and counted.

    Raises DataError if no image has these levels, or no folder of the level `splits` names train.
    """
    fitting = {name: folders for name in names if layout.fits(folders := folders_of(name))}
    if not fitting:
        example = max(names, key=lambda name: name.count("/"), default="none")
        raise DataError(
            f"No image at {where} has the levels {layout.text}.",
            f"One of the deepest is {example}. {GRAMMAR}",
            _EXAMPLES,
        )
    remarks = []
    if outside := len(names) - len(fitting):
        first = next(name for name in names if name not in fitting)
        remarks.append(left_out(outside, f"outside of {layout.text}", first))
    splits: dict[str, OfficialSplit] = {}
    if "splits" in layout.levels:
        at = layout.levels.index("splits")
        meaning = _meaning({folders[at] for folders in fitting.values()}, layout)
        splits = {name: split for name, folders in fitting.items() if (split := meaning[folders[at]])}
        if unused := {folder for folder, split in meaning.items() if split is None}:
            count = len(fitting) - len(splits)
            remarks.append(left_out(count, f"in folders that name no split ({shown(unused)})"))
    at = layout.levels.index("classes")
    labels = {name: folders[at] for name, folders in fitting.items() if not splits or name in splits}
    return Understood(layout.text, labels, splits, tuple(remarks))


def _meaning(folders: set[str], layout: Layout) -> Mapping[str, OfficialSplit | None]:
    """Give each folder of the splits' level its split, None if it names none."""
    verdict = read_split_names(folders)
    if isinstance(verdict, SplitFolders):
        return verdict.splits
    known = {folder: split_name(folder) for folder in folders}
    meaning: dict[str, OfficialSplit | None] = {
        folder: None if name is None or name.word == "unused" else "test" if name.word == "eval" else name.word
        for folder, name in known.items()
    }
    if "train" not in meaning.values():
        raise DataError(
            f"No folder of the level splits in {layout.text} is named train.",
            f"Its folders are {shown(folders)}.",
            "Name them train, val and test; or list the images of each split: --list train=FILE,test=FILE.",
        )
    return meaning
