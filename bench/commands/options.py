"""Options that the commands which plan and train share, and what they are resolved to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.commands.given import listed, not_empty, reads
from bench.hardware.device_names import check_device_name
from bench.sweep.options import parse_backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.registry.loading import Registry


RegistryFolders = Annotated[
    list[Path] | None,
    typer.Option("--registry", help="A folder of your own registry files; may be given several times."),
]
Db = Annotated[
    str | None,
    typer.Option(
        "--db", envvar="BENCH_DB", callback=not_empty, help="Database: a file or URL.", show_default="runs.db"
    ),
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
        callback=listed,
        help="Names or wildcards, comma-separated or repeated; @ chooses weights: 'timm/vit*', resnet18@none.",
    ),
]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategies",
        "-s",
        callback=listed,
        help="Comma-separated or repeated: linear,last_blocks(1)+norm,full.",
    ),
]
Recipe = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe", callback=listed, help="Recipes of the registry; default: default. Repeatable, or a,b."
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
        callback=reads(parse_backend),
        help="What computes frozen parts: eager, compile, openvino, onnxruntime, or auto, which measures.",
    ),
]
TimeLimit = Annotated[
    str | None, typer.Option("--time-limit", help="Stop after 90s, 30m or 2h; the same command goes on later.")
]
Keep = Annotated[
    bool | None,
    typer.Option(
        "--keep-checkpoints/--no-keep-checkpoints",
        help="Keep what each run trained, beside the database; without either, what takes at most 16 MiB.",
        show_default=False,
    ),
]
Download = Annotated[bool, typer.Option("--download/--no-download", help="Fetch the dataset if it is not here.")]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", help="End hopeless runs early: after 1/3, 1/9, ... of its epochs only the best third goes on."
    ),
]
CacheBudget = Annotated[
    str, typer.Option("--cache-budget", help="Disk for kept activations in all: 20GB, 500MB; 0 keeps nothing.")
]
Retry = Annotated[
    str,
    typer.Option(
        "--retry", help="Which runs that ended badly are tried again: failed, diverged, failed,diverged or none."
    ),
]
Workers = Annotated[int | None, typer.Option("--workers", min=0, max=256, help="Processes that load images.")]
AsJson = Annotated[bool, typer.Option("--json", help="Everything as JSON.")]


OPTIONS: dict[str, Any] = {
    "budget": Budget,
    "backbones": Backbones,
    "strategies": Strategies,
    "target": Target,
    "groups": Groups,
    "layout": Layout,
    "lists": Lists,
    "subset": Subset,
    "recipes": Recipe,
    "overrides": Set,
    "epochs": Epochs,
    "image_size": ImageSize,
    "seeds": Seeds,
    "everything": All,
    "kept": CacheDtype,
    "skip_damaged": SkipDamaged,
    "drop_duplicates": DropDuplicates,
    "db": Db,
    "registry": RegistryFolders,
    "data_root": DataRoot,
    "download": Download,
    "device": Device,
    "backend": Backend,
    "cache_budget": CacheBudget,
    "workers": Workers,
    "keep": Keep,
    "time_limit": TimeLimit,
    "retry": Retry,
}
"""The option of each field of `bench.plan.asked.Asked` and `bench.sweep.options.TrainOptions`."""


def open_registry(folders: Sequence[Path] | None) -> Registry:
    """Load the registry, and say on stderr what of a plug-in was left out."""
    from bench.commands.display import terminal
    from bench.registry.loading import Registry

    registry = Registry.load(folders or ())
    for warning in registry.warnings:
        terminal.say(f"warning: {warning}")
    return registry
