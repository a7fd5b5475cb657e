"""The schema of the registry's TOML files: one record per table entry, unknown keys are errors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.spec import RecipeSpec, Spec, WeightsSpec

Overlap = Literal["imagenet-1k", "imagenet-21k", "imagenet-12k", "laion-2b"]


class BackboneEntry(Spec):
    """`registry/backbones.toml`: a backbone that sweeps consider.

    `shortlist` ranks it among the few that a sweep takes without being told (1 first); `family` is the group of
    which the short list takes one. `weights` None means the library's default checkpoint.
    """

    name: str
    family: str
    weights: WeightsSpec | None = None
    shortlist: int | None = None
    aliases: tuple[str, ...] = ()
    download_bytes: int | None = None
    note: str = ""


class FileEntry(Spec):
    """One file that makes up a dataset: where it may be fetched and the checksum that it must have.

    `checksum` is `sha256:...` or `md5:...`, as its source publishes it.
    """

    name: str
    url: str | None = None
    checksum: str | None = None
    bytes: int | None = None


class DatasetEntry(Spec):
    """`registry/datasets.toml`: a dataset, how it is read and where it may be fetched.

    `reader` names a function of `bench.data.readers`; `locations` are looked for, in order, below the data roots
    (a folder or an archive each; an absolute path is taken as it is). `counts` are the images of each split.
    """

    name: str
    reader: str
    num_classes: int = Field(ge=1)
    counts: dict[str, int] = {}
    locations: tuple[str, ...] = ()
    files: tuple[FileEntry, ...] = ()
    homepage: str = ""
    license: str = ""
    targets: dict[str, int] = {}
    overlaps: tuple[Overlap, ...] = ()
    val_fraction: float = Field(default=0.1, gt=0, lt=1)
    split_seed: int = 0
    image_size: int | None = None
    how_to_get: str = ""
    note: str = ""


class StrategyEntry(Spec):
    """`registry/strategies.toml`: a strategy that sweeps consider; `default` ones are taken without being told."""

    name: str
    default: bool = False
    note: str = ""


class RecipeEntry(Spec):
    """`registry/recipes.toml`: a named recipe; `strategy` holds what differs for a strategy (a partial recipe).

    Keys of `strategy` are names without their argument: `last_blocks` covers `last_blocks(1)+norm` too, and of a
    composition the first part that has an entry counts.
    """

    name: str
    recipe: RecipeSpec = RecipeSpec()
    strategy: dict[str, dict[str, object]] = {}
    note: str = ""


class BudgetEntry(Spec):
    """`registry/budgets.toml`: a named budget (`mobile`)."""

    name: str
    limits: str
    note: str = ""
