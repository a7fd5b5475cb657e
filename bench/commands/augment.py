"""`bench augment`: what a recipe's augmentations make of a dataset's images, as a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.commands import options as o
from bench.commands.given import not_empty
from bench.commands.options import Download
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.data.images.samples import Draw, Sample
    from bench.records.image_facts import PixelCounts
    from bench.registry.entries import DatasetEntry
    from bench.registry.loading import Registry
    from bench.report.plots.sample_sheet import Sheet
    from bench.spec import RecipeSpec, TransformSpec

Recipe = Annotated[str, typer.Option("--recipe", callback=not_empty, help="A recipe of the registry.")]
Strategy = Annotated[
    str, typer.Option("--strategy", "-s", callback=not_empty, help="The strategy that the recipe is taken for.")
]
Augmentations = Annotated[
    list[str] | None,
    typer.Option(
        "--augment",
        callback=not_empty,
        help="An augmentation instead of the recipe's, as in a recipe: rotation(30), A.Blur(p=1). Repeatable.",
    ),
]
Backbone = Annotated[
    str | None,
    typer.Option(
        "--backbone", callback=not_empty, help="Resize and crop as this one wants it; default: 224 pixels."
    ),
]
Views = Annotated[
    int | None,
    typer.Option("--views", min=0, max=24, help="Show K views drawn once, or 0: epochs; default: as the recipe."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", dir_okay=False, help="The picture.", show_default="reports/augment-DATASET.png"),
]

Images = Annotated[int, typer.Option("--images", min=1, max=64, help="How many images, a row each.")]
Each = Annotated[int, typer.Option("--each", min=1, max=24, help="How many epochs are shown.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The run's seed.")]


def augment(
    dataset: o.Dataset, layout: o.Layout = None, lists: o.Lists = None, recipe: Recipe = "default",
    strategy: Strategy = "full", overrides: o.Set = None, augmentations: Augmentations = None,
    images: Images = 8, each: Each = 6, views: Views = None, image_size: o.ImageSize = None,
    backbone: Backbone = None, seed: Seed = 0, out: Out = None, registry: o.RegistryFolders = None,
    skip_damaged: o.SkipDamaged = False, drop_duplicates: o.DropDuplicates = False,
    data_root: o.DataRoot = None, download: Download = True, json: o.AsJson = False,
) -> None:  # fmt: skip
    """Write a picture of training images as they are, and as each epoch of a run would show them, augmented.

    Example: bench augment --dataset digits --augment "rotation(20)" --augment "A.CoarseDropout(p=1)"
    """
    from bench.commands.display import terminal
    from bench.data.datasets import open_dataset
    from bench.data.finding import find_dataset
    from bench.data.images.samples import draws, samples
    from bench.data.splits import split

    path = _png(out or Path("reports") / f"augment-{re.sub('[^A-Za-z0-9.-]', '-', dataset)}.png")
    known = o.open_registry(registry)
    entry = find_dataset(known, dataset, layout=layout, lists=lists or ())
    entry = entry.leaving_out(damaged=skip_damaged, duplicates=drop_duplicates)
    given = {"augment": augmentations, "image_size": image_size, "views": views}
    wanted = (known, entry, recipe, strategy, overrides or [], given, backbone)
    _resolved(*wanted)  # what is wrong with it is said before a dataset is read
    opened = open_dataset(entry, data_root=data_root, download=download, checked=True)
    asked, transform = _resolved(*wanted, pixels=opened.manifest.pixels)
    target = opened.manifest.default_target
    part = split(opened.manifest, target, entry.val_fraction, entry.split_seed).train
    found = samples(opened, part, asked.augment, transform, shown := draws(each, seed, asked.views), images)
    names = [opened.manifest.class_names(target)[sample.label] for sample in found]
    source = "augmentations as named" if augmentations else f"recipe {recipe} for {strategy}"
    title = f"{entry.name}, {transform.image_size} pixels, {source}" + ("" if asked.views else f", seed {seed}")
    _write(sheet := _sheet(title, shown, found, names, asked.augment), path)
    if json:
        rows = [{"id": sample.id, "class": name} for sample, name in zip(found, names, strict=True)]
        record = {"picture": str(path), "augment": asked.augment, "image_size": transform.image_size}
        terminal.write(dumps({**record, "columns": sheet.headings, "rows": rows}, indent=2))
    else:
        terminal.out().print(str(path), soft_wrap=True)


def _png(path: Path) -> Path:
    if path.suffix.lower() == ".png":
        return path
    raise BenchError(
        f"The picture cannot be {path}.", "It is written as PNG.", "Give it a name that ends in .png."
    )


def _resolved(
    known: Registry,
    entry: DatasetEntry,
    recipe: str,
    strategy: str,
    overrides: list[str],
    given: dict[str, Any],
    backbone: str | None,
    *,
    pixels: PixelCounts | None = None,
) -> tuple[RecipeSpec, TransformSpec]:
    """Resolve the recipe as the planner does, with what is `given`. Raises RecipeError where nothing is left."""
    from bench.errors import RecipeError
    from bench.plan.recipes import for_strategy, resolve, suited
    from bench.plan.variants import variants
    from bench.records.image_facts import UNSEEN
    from bench.registry.entries import RecipeEntry
    from bench.strategies import canonical

    everywhere = {key: value for key, value in given.items() if value is not None}
    made = variants([known.get(RecipeEntry, recipe)], overrides, everywhere)
    if len(made) > 1:
        raise RecipeError(
            "One recipe is shown at a time.", "--set gives a key several values.", "Give each key one value."
        )
    asked = for_strategy(made[0].entry, canonical(strategy), made[0].overrides)
    kept = asked if "augment" in made[0].overrides else suited(asked, entry)
    resolved, transform = resolve(kept, _own(known, backbone), entry, pixels or UNSEEN)
    if not resolved.augment:
        left_out = f"{entry.name} leaves out {', '.join(asked.augment)}" if asked.augment else "It lists none"
        raise RecipeError(
            f"The recipe {recipe} augments nothing here.",
            f"{left_out} (for {strategy}).",
            "Choose another --recipe or --strategy, or name some: --augment rotation.",
        )
    return resolved, transform


def _own(known: Registry, backbone: str | None) -> TransformSpec:
    """Return how a backbone wants its images, or 224 pixels of the whole image where none is named."""
    from bench.spec import TransformSpec

    if backbone is None:
        return TransformSpec(image_size=224)
    from bench.models.catalogue import catalogue
    from bench.plan.backbones import choose

    return catalogue().transform(choose(known, [backbone])[0].spec)


def _sheet(
    title: str, shown: Sequence[Draw], found: Sequence[Sample], names: Sequence[str], augment: Sequence[str]
) -> Sheet:
    from bench.report.plots.sample_sheet import Sheet

    return Sheet(
        title,
        ["without", *(each.name for each in shown)],
        names,
        [[image.permute(1, 2, 0).numpy() for image in (sample.original, *sample.drawn)] for sample in found],
        [f"{number}. {text}" for number, text in enumerate(augment, 1)],
    )


def _write(sheet: Sheet, path: Path) -> None:
    from bench.disk.atomic import atomic_file, disk_errors
    from bench.report.plots.sample_sheet import draw

    with disk_errors(path), atomic_file(path) as temporary:
        draw(sheet).save(temporary, format="PNG")
