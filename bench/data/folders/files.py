"""A tree's files sorted into images, files of system folders, and all others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bench.data.sources.suffixes import is_image, suffix_of
from bench.data.sources.system_files import is_system_file, system_folder
from bench.data.sources.tree import Tree
from bench.errors import DataError


@dataclass(frozen=True)
class Files:
    """The paths of a tree: `images` sorted, `others` (documents, unreadable formats) and `system_folders`."""

    images: tuple[str, ...]
    others: tuple[str, ...]
    system_folders: tuple[str, ...]


def sort_files(tree: Tree) -> Files:
    """Sort a tree's files. Raises DataError for an image whose name is not UTF-8."""
    system = {folder: system_folder(f"{folder}/") for folder in {_folder(name) for name in tree.files}}
    seen = [name for name in sorted(tree.files) if system[_folder(name)] is None and not is_system_file(name)]
    images = tuple(name for name in seen if is_image(name))
    _refuse_undecodable(tree, images)
    found = {folder for folder in system.values() if folder is not None}
    return Files(images, tuple(name for name in seen if not is_image(name)), tuple(sorted(found)))


def count_skipped(names: Collection[str]) -> Mapping[str, Mapping[str, int]]:
    """Count files by folder (`.` is the top) and then by suffix, both sorted."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        counts[_folder(name) or "."][suffix_of(name)] += 1
    return {folder: dict(sorted(counts[folder].items())) for folder in sorted(counts)}


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _refuse_undecodable(tree: Tree, names: Collection[str]) -> None:
    """Raise DataError for a name that is not UTF-8: it cannot be written to a manifest or a database."""
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            shown = tree.where(name).encode(errors="surrogateescape").decode(errors="backslashreplace")
            raise DataError(
                f"The file name {shown} is not UTF-8.",
                "A sample is known by its path, which is kept as UTF-8 text.",
                "Rename it, or all such files at once: convmv -r -f latin1 -t utf8 --notest FOLDER",
            ) from error
