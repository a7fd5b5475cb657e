"""The schema of the registry's TOML files: one record per table entry, unknown keys are errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from bench.calls import Call, look_up
from bench.errors import DataError, RegistryError
from bench.registry.search_keys import read_space
from bench.spec import RecipeSpec, Spec, WeightsSpec
from bench.strategies import STRATEGIES, parse

Overlap = Literal["imagenet-1k", "imagenet-21k", "imagenet-12k", "laion-2b"]


def _only_set(recipe: RecipeSpec) -> dict[str, Any]:
    return recipe.model_dump(exclude_unset=True)


def _known_strategy(text: str) -> str:
    parse(text)
    return text


def _known_space(texts: dict[str, str]) -> dict[str, str]:
    read_space(texts)
    return texts


def _known_part(name: str) -> str:
    look_up(Call(name), STRATEGIES, kind="strategy", error=RegistryError)
    return name


PartialRecipe = Annotated[RecipeSpec, PlainSerializer(_only_set)]
"""A recipe of which only the keys that are set count: what is left out comes from elsewhere."""

TARGET_NAME = r"[A-Za-z][\w-]*"
TargetName = Annotated[str, Field(pattern=rf"^{TARGET_NAME}$")]
BackboneName = Annotated[str, Field(pattern=r"^(timm|torchvision|bench)/\w+$")]
StrategyText = Annotated[str, AfterValidator(_known_strategy)]
StrategyPart = Annotated[str, AfterValidator(_known_part)]
SpaceTexts = Annotated[dict[str, str], AfterValidator(_known_space)]


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
    `class_names` are the classes' where the files hold no names. `groups` are further targets, made of classes:
    the file of each, beside the registry's, maps every class name to a group (see `bench.data.class_groups`).
    `layout` and `lists` tell the reader `class_folders` what the levels of folders are (`splits/classes`) and
    which files list splits or labels (`train=meta/train.txt`; `none` for none); empty, it finds out or refuses.
    `skip_damaged` leaves out images that cannot be decoded; `drop_duplicates` those of train that val or test has
    too, and those with two labels (see `bench.data.checks.leaving_out`).
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
    groups: dict[TargetName, str] = {}
    skip_damaged: bool = False
    drop_duplicates: bool = False
    class_names: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    unsuited: tuple[str, ...] = ()
    val_fraction: float = Field(default=0.1, gt=0, lt=1)
    split_seed: int = 0
    image_size: int | None = None
    crop_pct: float | None = Field(default=None, gt=0, le=1)
    layout: str = ""
    lists: tuple[str, ...] = ()
    how_to_get: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _names_each_target_once(self) -> Self:
        taken = self.targets or {"label": self.num_classes}
        if twice := next((name for name in self.groups if name in taken), None):
            raise DataError(
                f"The dataset {self.name} has a target {twice!r} already.",
                f"It comes with the targets {', '.join(taken)}.",
                "Call the groups something else.",
            )
        return self

    @property
    def is_published(self) -> bool:
        """Whether others use this dataset as it is, with its faults: its entry says where it comes from."""
        return bool(self.homepage or self.files)

    def leaving_out(self, *, damaged: bool = False, duplicates: bool = False) -> Self:
        """Return the entry that leaves out images which cannot be decoded, or duplicates, besides what it does."""
        update = {
            "skip_damaged": self.skip_damaged or damaged,
            "drop_duplicates": self.drop_duplicates or duplicates,
        }
        return self.model_copy(update=update)

    def whole(self) -> Self:
        """Return the entry that leaves nothing out."""
        if not (self.skip_damaged or self.drop_duplicates):
            return self
        return self.model_copy(update={"skip_damaged": False, "drop_duplicates": False})

    def with_groups(self, groups: Mapping[str, str]) -> Self:
        """Return the entry with more grouped targets, target -> file. Raises DataError for an unfit name."""
        for name in groups:
            if not re.fullmatch(TARGET_NAME, name):
                raise DataError(
                    f"A target cannot be called {name!r}.",
                    "A name begins with a letter, and goes on with letters, digits, - and _.",
                    "Write --groups kind=FILE.",
                )
        return type(self).model_validate({**self.model_dump(), "groups": {**self.groups, **groups}})


class StrategyEntry(Spec):
    """`registry/strategies.toml`: a strategy that sweeps consider; `default` ones are taken without being told."""

    name: StrategyText
    default: bool = False
    note: str = ""


class RecipeEntry(Spec):
    """`registry/recipes.toml`: a named recipe; `strategy` holds what differs for a strategy (a partial recipe).

    Keys of `strategy` are names without their argument: `last_blocks` covers `last_blocks(1)+norm` too, and of a
    composition the first part that has an entry counts. `space` is what `bench tune` searches where it is not told
    (`lr = "log:1e-4..1e-1"`), `strategy_space` what differs for a strategy.
    """

    name: str
    recipe: RecipeSpec = RecipeSpec()
    strategy: dict[StrategyPart, PartialRecipe] = {}
    space: SpaceTexts = {}
    strategy_space: dict[StrategyPart, SpaceTexts] = {}
    note: str = ""


class BudgetEntry(Spec):
    """`registry/budgets.toml`: a named budget (`mobile`)."""

    name: str
    limits: str
    note: str = ""
