"""Class folders in which no image is read: empty ones are noted, ones full of unreadable files are an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from bench.data.folders.files import Files
from bench.data.folders.understood import SHOWN, Understood, folders_of
from bench.data.sources.suffixes import IMAGE_SUFFIXES, how_to_read, is_document, suffix_of
from bench.data.sources.system_files import is_system_folder
from bench.data.sources.tree import Tree
from bench.errors import DataError

_Counts = Mapping[str, Mapping[str, int]]


def no_image(tree: Tree, files: Files) -> DataError:
    """Make the error for a dataset in which no file is an image that can be read."""
    counts = Counter(suffix_of(name) for name in files.others)
    found = f"It holds {_counted(counts)}. " if counts else ""
    unread = {suffix_of(name) for name in files.others if not is_document(name)}
    todo = f"{how_to_read(unread)}; or put" if unread else "Put"
    return DataError(
        f"There is no image in class folders at {tree.where()}.",
        f"{found}Looked for CLASS/image.jpg and train/CLASS/image.jpg, ending in {' '.join(IMAGE_SUFFIXES)}.",
        f"{todo} each class's images in a folder of the class's name.",
    )


def empty_classes(
    tree: Tree, understood: Understood, images: Sequence[str], others: Sequence[str]
) -> tuple[str, ...]:
    """Return the folders beside the class folders that hold nothing at all.

    All paths are below the tree's top. Raises DataError if one holds files in a format that is not read, so that a
    class would vanish; a folder of documents alone is taken for no class.
    """
    with_images = {folder for name in images for folder in _above(name)}
    unread, documents = _holdings(others)
    empty, lost = [], {}
    for folder in _beside_classes(tree, understood):
        if folder in with_images:
            continue
        if folder in unread:
            lost[folder] = unread[folder]
        elif links := tree.below(folder).broken_links:
            lost[folder] = Counter({"broken links": links})
        elif folder not in documents:
            empty.append(folder)
    if lost:
        raise _unreadable(lost)
    return tuple(empty)


def _beside_classes(tree: Tree, understood: Understood) -> list[str]:
    """List the folders that lie where class folders do, themselves among them."""
    found = []
    for parent in sorted(_parents(understood)):
        inside = tree.below(parent) if parent else tree
        found += [
            str(PurePosixPath(parent, name)) for name in sorted(inside.folders) if not is_system_folder(name)
        ]
    return found


def _holdings(others: Sequence[str]) -> tuple[dict[str, Counter[str]], set[str]]:
    """Count for each folder, by suffix, the files below it that are not read; and name those with documents."""
    unread: dict[str, Counter[str]] = {}
    documents = set()
    for name in others:
        for folder in _above(name):
            if is_document(name):
                documents.add(folder)
            else:
                unread.setdefault(folder, Counter())[suffix_of(name)] += 1
    return unread, documents


def _above(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _parents(understood: Understood) -> set[str]:
    """Return the folders in which class folders lie."""
    levels = understood.layout.split("/")
    first = sum(level != "*" for level in levels[: levels.index("classes")])
    parents = set()
    for name, label in understood.labels.items():
        folders = folders_of(name)
        at = folders.index(label, first) if label in folders[first:] else 0
        parents.add("/".join(folders[:at]))
    return parents


def _unreadable(lost: _Counts) -> DataError:
    names = list(lost)
    some = "; ".join(f"{name}: {_counted(lost[name])}" for name in names[:SHOWN])
    subject = f"The class folder {names[0]} has" if len(names) == 1 else f"{len(names)} class folders have"
    suffixes = {suffix for counts in lost.values() for suffix in counts}
    todo = "Restore what the links lead to" if suffixes == {"broken links"} else how_to_read(suffixes)
    return DataError(
        f"{subject} files, but no image that can be read.",
        f"{some}{'; ...' if len(names) > SHOWN else ''}.",
        f"{todo}; or take the folder away.",
    )


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    more = ", ..." if len(ordered) > SHOWN else ""
    return ", ".join(f"{count:,} {suffix}" for suffix, count in ordered[:SHOWN]) + more
