"""The schema of the registry's TOML files: one record per table entry, unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainSerializer

from bench.calls import Call, look_up
from bench.errors import RegistryError
from bench.spec import RecipeSpec, Spec, WeightsSpec
from bench.strategies import STRATEGIES, parse

Overlap = Literal["imagenet-1k", "imagenet-21k", "imagenet-12k", "laion-2b"]


def _only_set(recipe: RecipeSpec) -> dict[str, Any]:
    return recipe.model_dump(exclude_unset=True)


def _known_strategy(text: str) -> str:
    parse(text)
    return text


def _known_part(name: str) -> str:
    look_up(Call(name), STRATEGIES, kind="strategy", error=RegistryError)
    return name


PartialRecipe = Annotated[RecipeSpec, PlainSerializer(_only_set)]
"""A recipe of which only the keys that are set count: what is left out comes from elsewhere."""

BackboneName = Annotated[str, Field(pattern=r"^(timm|torchvision|bench)/\w+$")]
StrategyText = Annotated[str, AfterValidator(_known_strategy)]
StrategyPart = Annotated[str, AfterValidator(_known_part)]


class BackboneEntry(Spec):
    """`registry/backbones.toml`: a backbone that sweeps consider.

    `shortlist` ranks it among the few that a sweep takes without being told (1 first); `family` is the group of
    which the short list takes one. `weights` None means the library's default checkpoint.
    """

    name: BackboneName
    family: str
    weights: WeightsSpec | None = None
    shortlist: int | None = None
    aliases: tuple[str, ...] = ()
    download_bytes: int | None = None
    note: str = ""


class FileEntry(Spec):
    """One file that makes up a dataset: where it may be fetched and the checksum that it must have.

    `checksum` is `sha256:...` or `md5:...`, as its source publishes it; `also` are those of other published copies
    with the same content (a distribution may compress a file anew).
    """

    name: str
    url: str | None = None
    checksum: str | None = None
    also: tuple[str, ...] = ()
    bytes: int | None = None


class DatasetEntry(Spec):
    """`registry/datasets.toml`: a dataset, how it is read and where it may be fetched.

    `reader` names a function of `bench.data.readers`; `locations` are looked for, in order, below the data roots
    (a folder or an archive each; an absolute path is taken as it is). `counts` are the images of each split.
    `unsuited` names augmentations that recipes leave out here unless told otherwise; `horizontal_flip` stands for
    a library's `HorizontalFlip` and `RandomHorizontalFlip` too.
    `targets` are the classes under each target, the first is the default; none means one target, `label`.
    `class_names` are the classes' where the files hold no names.
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
    class_names: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    unsuited: tuple[str, ...] = ()
    val_fraction: float = Field(default=0.1, gt=0, lt=1)
    split_seed: int = 0
    image_size: int | None = None
    crop_pct: float | None = Field(default=None, gt=0, le=1)
    how_to_get: str = ""
    note: str = ""


class StrategyEntry(Spec):
    """`registry/strategies.toml`: a strategy that sweeps consider; `default` ones are taken without being told."""

    name: StrategyText
    default: bool = False
    note: str = ""


class RecipeEntry(Spec):
    """`registry/recipes.toml`: a named recipe; `strategy` holds what differs for a strategy (a partial recipe).

    Keys of `strategy` are names without their argument: `last_blocks` covers `last_blocks(1)+norm` too, and of a
    composition the first part that has an entry counts.
    """

    name: str
    recipe: RecipeSpec = RecipeSpec()
    strategy: dict[StrategyPart, PartialRecipe] = {}
    note: str = ""


class BudgetEntry(Spec):
    """`registry/budgets.toml`: a named budget (`mobile`)."""

    name: str
    limits: str
    note: str = ""
