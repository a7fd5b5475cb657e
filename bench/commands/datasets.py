"""`bench datasets`: what can be trained on, and whether it is on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry

EMPTY: tuple[object, ...] = (None, "", [], {})
UNSAID = ("skip_damaged", "drop_duplicates")
"""Keys that are shown only of a dataset that leaves something out."""


Name = Annotated[str | None, typer.Argument(callback=not_empty, help="Show one dataset, and how to get it.")]
Here = Annotated[bool, typer.Option("--here", help="Only those that are on this machine.")]
Classes = Annotated[
    bool, typer.Option("--classes", help="Write the dataset's class names, as a file of groups to fill in.")
]
Check = Annotated[bool, typer.Option("--check", help="Look at every image, and list what is wrong.")]
NearDuplicates = Annotated[
    bool, typer.Option("--near-duplicates", help="Check, and find images that look alike, which takes longer.")
]

Picture = Annotated[
    Path | None, typer.Option("--picture", help="Write a PNG of the dataset's first images, class by class.")
]
Split = Annotated[
    str | None,
    typer.Option("--split", callback=not_empty, help="Of --picture: which split.", show_default="train"),
]
Target = Annotated[
    str | None, typer.Option("--target", callback=not_empty, help="Of --picture: the labels that are shown.")
]


def datasets(
    name: Name = None, here: Here = False, classes: Classes = False, check: Check = False,
    near_duplicates: NearDuplicates = False, skip_damaged: o.SkipDamaged = False,
    drop_duplicates: o.DropDuplicates = False, layout: o.Layout = None, lists: o.Lists = None,
    picture: Picture = None, split: Split = None, target: Target = None, data_root: o.DataRoot = None,
    registry: o.RegistryFolders = None, json: o.AsJson = False,
) -> None:  # fmt: skip
    """List the datasets of the registry, or show one; folder:PATH is your own images in class folders.

    With --check every image is decoded, and what may spoil a result is listed: damaged files, the same image in
    two splits or classes, missing classes; the exit code is 2 if nothing can train on it as it is. With --classes
    the names of its classes come as TOML, a line each: fill in their groups, and --groups KIND=FILE makes one more
    target of them. With --picture its images are drawn before anything is trained.

    Example: bench datasets cub
    """
    from bench.data.finding import find_dataset

    known = o.open_registry(registry)
    asked = {
        "--classes": classes, "--layout": layout, "--list": lists, "--check": check,
        "--near-duplicates": near_duplicates, "--skip-damaged": skip_damaged, "--drop-duplicates": drop_duplicates,
        "--picture": picture, "--split": split, "--target": target,
    }  # fmt: skip
    if name is None:
        if needless := next((option for option, given in asked.items() if given), None):
            what, todo = f"{needless} names no dataset.", "Write bench datasets NAME before it."
            raise BenchError(what, "Each has its own.", todo)
        list_all(known, data_root, here=here, json=json)
        return
    entry = find_dataset(known, name, layout=layout, lists=lists or ())
    if check or near_duplicates or skip_damaged or drop_duplicates:
        from bench.commands.display.dataset_check import show_check

        entry = entry.leaving_out(damaged=skip_damaged, duplicates=drop_duplicates)
        show_check(entry, data_root, near=near_duplicates, json=json)
    elif classes:
        write_classes(entry, data_root, json=json)
    elif picture:
        from bench.commands.gallery import write_gallery

        write_gallery(entry, data_root, picture, (split, target), json=json)
    elif split or target:
        raise BenchError(
            f"{'--split' if split else '--target'} is of a picture.",
            "Without one there is nothing to choose.",
            f"Write bench datasets {name} --picture FILE.png.",
        )
    else:
        show_one(entry, data_root, json=json)


def list_all(known: Registry, data_root: Path | None, *, here: bool, json: bool) -> None:
    """List the datasets of the registry, or with `here` those that are on this machine."""
    from bench.commands.display.listing import show
    from bench.data.datasets import is_here
    from bench.registry.entries import DatasetEntry

    found = {e.name: is_here(e, data_root) for e in known.all(DatasetEntry)}
    entries = [e for e in known.all(DatasetEntry) if found[e.name] or not here]
    rows: list[dict[str, object]] = [
        {
            "dataset": e.name,
            "classes": targets_of(e) or e.num_classes,
            "images": sum(e.counts.values()) or "?",
            "here": "yes" if found[e.name] else "",
            "seen in pretraining": ", ".join(e.overlaps),
            "licence": e.license,
        }
        for e in entries
    ]
    show(rows, [{**e.model_dump(mode="json"), "here": found[e.name]} for e in entries], json=json)


def show_one(entry: DatasetEntry, data_root: Path | None, *, json: bool) -> None:
    """Show a dataset's entry, its fingerprint if it was read before, and how to get it if it is not here."""
    from bench.commands.display.listing import show
    from bench.data.datasets import is_here, known_header
    from bench.data.sources.locating import how_to_get

    found = is_here(entry, data_root)
    header = known_header(entry, data_root) if found else None
    data = {**entry.model_dump(mode="json"), "here": found}
    if header:
        data["fingerprint"] = header.fingerprint
    rows: list[dict[str, object]] = [
        {"key": key, "value": plainly(value)}
        for key, value in data.items()
        if value not in EMPTY and (value or key not in UNSAID)
    ]
    rows += [] if found else [{"key": "to get it", "value": how_to_get(entry)}]
    show(rows, [data], json=json)


def write_classes(entry: DatasetEntry, data_root: Path | None, *, json: bool) -> None:
    """Write the names of the default target's classes as TOML; as JSON those of every target."""
    from bench.commands.display import terminal
    from bench.data.class_groups import as_toml
    from bench.data.datasets import known_manifest, open_dataset

    manifest = known_manifest(entry, data_root) or open_dataset(entry, data_root=data_root).manifest
    if json:
        from bench.report.export.records import to_json

        terminal.write(to_json({t: manifest.class_names(t) for t in (*manifest.classes, *manifest.groups)}))
    else:
        terminal.write(as_toml(manifest.class_names(manifest.default_target)).rstrip("\n"))


def targets_of(entry: DatasetEntry) -> str:
    """Name a dataset's targets, with their classes where the entry knows them; empty where there is one."""
    native = entry.targets or {"label": entry.num_classes}
    several = len(native) + len(entry.groups) > 1
    return ", ".join([*(f"{name} {count}" for name, count in native.items()), *entry.groups]) if several else ""


def plainly(value: object) -> str:
    """Write a value of an entry without brackets and quotes; each record of a list stands on a line of its own."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plainly(inner)}" for key, inner in value.items() if inner not in EMPTY)
    if isinstance(value, list):
        return ("\n" if isinstance(value[0], dict) else ", ").join(map(plainly, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
