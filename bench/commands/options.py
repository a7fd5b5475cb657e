"""Options that the commands which plan and train share, and what they are resolved to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.limits import reads
from bench.disk.bounded import expanded
from bench.errors import BenchError
from bench.hardware.device_names import check_device_name

if TYPE_CHECKING:
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry


def check_backend_name(text: str) -> None:
    """Raise BenchError for a backend that there is not."""
    from bench.commands.backend import backend_asked

    backend_asked(text)


RegistryFolders = Annotated[
    list[Path] | None,
    typer.Option("--registry", help="A folder of your own registry files; may be given several times."),
]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data-root",
        file_okay=False,
        help="Where datasets lie.",
        show_default="BENCH_DATA, then the tool's own folder",
    ),
]
Dataset = Annotated[str, typer.Option("--dataset", "-d", help="A dataset of the registry, or folder:PATH.")]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        callback=not_empty,
        help="Which labels, where a dataset has several: coarse; fine+coarse trains a head for each on one trunk.",
    ),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--groups",
        callback=not_empty,
        help="One more target, made of the classes: kind=FILE, which maps each class to a group. Repeatable.",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        callback=not_empty,
        help="Levels of folder:PATH, where they are not plain: splits/classes, classes/splits, '*/classes', ...",
    ),
]
Lists = Annotated[
    list[str] | None,
    typer.Option(
        "--list",
        callback=not_empty,
        help="Lists of folder:PATH: a FILE with a column of splits, train=FILE,test=FILE, or none. Repeatable.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        "-b",
        callback=not_empty,
        help="Upper limits: 10M, or total<=10M,trainable<=1M,gmacs<=0.5, or a named budget.",
    ),
]
Subset = Annotated[
    str | None,
    typer.Option(
        "--subset", callback=not_empty, help="A stratified part, in images: train=5000,val=45000, or one of them."
    ),
]
SkipDamaged = Annotated[
    bool, typer.Option("--skip-damaged", help="Leave out images that cannot be decoded; the fingerprint changes.")
]
DropDuplicates = Annotated[
    bool,
    typer.Option(
        "--drop-duplicates",
        help="Leave out training images that val or test has too, and all images that have two labels.",
    ),
]
Backbones = Annotated[
    list[str] | None,
    typer.Option(
        "--backbones",
        "-m",
        callback=not_empty,
        help="Names or wildcards, comma-separated or repeated; @ chooses weights: 'timm/vit*', resnet18@none.",
    ),
]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategies",
        "-s",
        callback=not_empty,
        help="Comma-separated or repeated: linear,last_blocks(1)+norm,full.",
    ),
]
Recipe = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe", callback=not_empty, help="Recipes of the registry; default: default. Repeatable, or a,b."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a recipe key, or the head's dropout: lr=1e-2; lr=1e-3,1e-2 tries each. Repeatable."
    ),
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Override the recipe's epochs.")]
ImageSize = Annotated[int | None, typer.Option("--image-size", min=8, help="Pixels; default: the backbone's own.")]
Seeds = Annotated[int, typer.Option("--seeds", min=1, max=1000, help="Runs of each choice, with seeds 0, 1, ...")]
All = Annotated[bool, typer.Option("--all", help="Every backbone of the registry, not the short list.")]
Device = Annotated[
    str,
    typer.Option(
        "--device", envvar="BENCH_DEVICE", callback=reads(check_device_name), help="auto, cuda, mps or cpu."
    ),
]
CacheDtype = Annotated[
    str, typer.Option("--cache-dtype", help="Keep frozen activations as fp32, or fp16 in half the room.")
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        callback=reads(check_backend_name),
        help="What computes frozen parts: eager, compile, openvino, onnxruntime, or auto, which measures.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Everything as JSON.")]


def open_registry(folders: list[Path] | None) -> Registry:
    """Load the registry, and say on stderr what of a plug-in was left out."""
    from bench.commands.display import terminal
    from bench.registry.loading import Registry

    registry = Registry.load(folders or ())
    for warning in registry.warnings:
        terminal.say(f"warning: {warning}")
    return registry


def find_dataset(
    registry: Registry,
    name: str,
    groups: list[str] | None = None,
    *,
    layout: str | None = None,
    lists: list[str] | None = None,
) -> DatasetEntry:
    """Look a dataset up by name, or make the entry of `folder:PATH`, read as `layout` and `lists` tell.

    `groups` are `TARGET=FILE` each.
    """
    entry = _find_dataset(registry, name, layout, lists)
    return entry.with_groups(_read_groups(groups)) if groups else entry


def _read_groups(values: list[str]) -> dict[str, str]:
    """Read `TARGET=FILE`. Raises BenchError for what is not of that form, and a target that is named twice."""
    found: dict[str, str] = {}
    for value in values:
        target, sign, place = (part.strip() for part in value.partition("="))
        if not (target and sign and place):
            raise BenchError(
                f"Cannot read --groups {value!r}.",
                "It names the new target and the file that groups the classes.",
                "Write --groups kind=kinds.toml.",
            )
        if target in found:
            raise BenchError(
                f"--groups names the target {target!r} twice.", "A target has one file.", "Give one of them."
            )
        found[target] = str(expanded(place).resolve())
    return found


def split_lists(values: list[str] | None) -> list[str]:
    """Split `train=FILE,test=FILE`; commas elsewhere belong to file names."""
    import re

    return [part.strip() for value in values or () for part in re.split(r",(?=[A-Za-z]+=)", value)]


def _find_dataset(registry: Registry, name: str, layout: str | None, lists: list[str] | None) -> DatasetEntry:
    from bench.registry.entries import DatasetEntry

    if name.strip() == "folder:":
        raise BenchError(
            "folder: names no folder.", "Nothing follows it.", "Write folder:PATH, as in folder:birds."
        )
    if name.startswith("folder:"):
        from bench.data.datasets import folder_entry

        return folder_entry(Path(name.removeprefix("folder:")), layout=layout or "", lists=split_lists(lists))
    if layout or lists:
        raise BenchError(
            f"{'--layout' if layout else '--list'} says how to read a folder, and {name} is none.",
            "A dataset of the registry has a reader of its own.",
            "Leave it out, or write --dataset folder:PATH.",
        )
    return registry.get(DatasetEntry, name)


def split_list(values: list[str] | None) -> list[str]:
    """Split comma-separated values that may also be repeated; commas inside parentheses stay."""
    import re

    return [part.strip() for value in values or () for part in re.split(r",(?![^()]*\))", value) if part.strip()]
