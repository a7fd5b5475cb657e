"""The schema of published experiments: studies, which can be run again, and reference rows, which are only shown.

Figures are as printed: accuracies are fractions, times are seconds. Every `note` says what a careful reader finds;
a `remark` says what a figure really is of, or why it can hardly be right.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from bench.errors import RegistryError, unknown_name
from bench.registry.entries import BackboneName, PartialRecipe, StrategyText
from bench.spec import RecipeSpec, Spec, SubsetSpec

FIGURES = (
    "test_top1", "test_top5", "test_loss", "val_top1", "train_top1", "trainable_params", "total_params", "epochs",
    "wall_s", "epoch_s",
)  # fmt: skip
"""What a source prints of a run: `wall_s` is its training as a whole, `epoch_s` one epoch of it."""

_BESIDE_RECIPES = ("val_fraction", "rule")


def _can_be_assumed(given: dict[str, Any]) -> dict[str, Any]:
    for key in given:
        if key not in RecipeSpec.model_fields and key not in _BESIDE_RECIPES:
            raise unknown_name("assumption", key, [*RecipeSpec.model_fields, *_BESIDE_RECIPES], RegistryError)
    return given


def _known_figures(given: dict[str, float]) -> dict[str, float]:
    for name in given:
        if name not in FIGURES:
            raise unknown_name("figure", name, FIGURES, RegistryError)
    return given


Figures = Annotated[dict[str, float], AfterValidator(_known_figures)]

Assumed = Annotated[dict[str, Any], AfterValidator(_can_be_assumed)]
"""What is taken for what a source leaves open: keys of a recipe, the share of train that is val, a voting rule."""


class SplitEntry(Spec):
    """How a source splits its data, in images. With `val_is_test` its val is the official test set."""

    train: int | None = Field(default=None, ge=1)
    val: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)
    how: str = ""
    val_is_test: bool = False
    note: str = ""

    @property
    def val_fraction(self) -> float | None:
        """The share of the official train that is val; None where the source does not say."""
        return self.val / (self.train + self.val) if self.train and self.val else None


class StudyRunEntry(Spec):
    """One run of a study, with the figures its source prints.

    `recipe` holds what differs from the study's; `cache` says whether the source kept the frozen part's output.
    `target` names labels of the study's dataset; none means its first. Of `incomparable` figures no difference to
    ours is drawn; the note says why.
    """

    name: str
    backbone: BackboneName
    strategy: StrategyText
    recipe: PartialRecipe = RecipeSpec()
    dataset_subset: SubsetSpec | None = None
    target: str = ""
    cache: bool = True
    published: Figures = {}
    incomparable: tuple[str, ...] = ()
    assumed: Assumed = {}
    unstated: tuple[str, ...] = ()
    as_printed: str = ""
    note: str = ""
    remark: str = ""


class EnsembleEntry(Spec):
    """A study's ensemble of its own runs; `member_*` are figures of the members, in their order."""

    name: str = "ensemble"
    members: tuple[str, ...] = Field(min_length=2)
    rule: Literal["soft", "hard", "weighted"]
    published: Figures = {}
    member_train_top1: tuple[float, ...] = ()
    member_epoch_s: tuple[float, ...] = ()
    note: str = ""
    remark: str = ""


class SearchEntry(Spec):
    """The search that chose a run's hyper-parameters: what was tried, how often, and the best that it saw."""

    run: str
    engine: str
    trials: int = Field(ge=1)
    space: dict[str, str]
    published: Figures = {}
    note: str = ""


class JointEntry(Spec):
    """Runs that differ in nothing but their target, as one run with a head for each on a shared trunk."""

    name: str
    heads: tuple[str, ...] = Field(min_length=2)


class TransferEntry(Spec):
    """A study's run, evaluated on a split of another dataset through a map of `label_maps`, as it is printed."""

    run: str
    dataset: str
    split: Literal["train", "val", "test"]
    label_map: str
    images: int
    images_note: str = ""
    index_order: str = ""
    overlaps_pretraining: str = ""
    published: dict[str, float] = {}
    confidence_images: int | None = None
    published_confidence: dict[str, float] = {}
    note: str = ""
    remark: str = ""


class SurveyEntry(Spec):
    """Backbones that a source compared on paper, with the parameters as printed there.

    `backbones` says which of ours each candidate is; one that is not in it is only listed.
    """

    candidates: dict[str, str]
    backbones: dict[str, BackboneName] = {}
    note: str = ""

    @model_validator(mode="after")
    def _names_its_own_candidates(self) -> SurveyEntry:
        for name in self.backbones:
            if name not in self.candidates:
                raise unknown_name("candidate of the survey", name, self.candidates, RegistryError)
        return self


class StudyEntry(Spec):
    """`registry/studies/NAME.toml`: a named, reproducible set of runs; a published one has figures attached.

    `unstated` lists what the source leaves open and `assumed` what is taken instead; `shows` is what it shows of a
    trained model.
    """

    name: str
    source: str
    dataset: str
    num_classes: int
    budget: str = ""
    split: SplitEntry = SplitEntry()
    recipe: PartialRecipe = RecipeSpec()
    unstated: tuple[str, ...] = ()
    assumed: Assumed = {}
    scored_by: tuple[str, ...] = ()
    hardware: str = ""
    run: tuple[StudyRunEntry, ...] = ()
    joint: JointEntry | None = None
    ensemble: EnsembleEntry | None = None
    search: SearchEntry | None = None
    transfer: TransferEntry | None = None
    survey: SurveyEntry | None = None
    shows: tuple[str, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _names_its_own_runs(self) -> StudyEntry:
        names = [run.name for run in self.run]
        also = [part.name for part in (self.joint, self.ensemble) if part]
        if len({*names, *also}) != len(names) + len(also):
            raise RegistryError(
                f"The study {self.name} names two of its runs alike.", "A name tells them apart.", "Rename one."
            )
        named = [
            *(self.joint.heads if self.joint else ()),
            *(self.ensemble.members if self.ensemble else ()),
            *([self.search.run] if self.search else ()),
            *([self.transfer.run] if self.transfer else ()),
        ]
        for name in named:
            if name not in names and (not self.joint or name != self.joint.name):
                raise unknown_name(f"run of the study {self.name}", name, [*names, *also])
        return self

    @property
    def runs(self) -> tuple[StudyRunEntry, ...]:
        """Every run, and last the joint one of several heads, if there is one."""
        if not self.joint:
            return self.run
        heads = [run for name in self.joint.heads for run in self.run if run.name == name]
        told = {"name": self.joint.name, "target": "+".join(head.target for head in heads), "published": {}}
        return (*self.run, heads[0].model_copy(update={**told, "note": "its accuracies are means over its heads"}))

    @property
    def val_fraction(self) -> float | None:
        """The share of train that is val, as the source says or as is assumed; None leaves it to the dataset."""
        assumed = self.assumed.get("val_fraction")
        return self.split.val_fraction if assumed is None else float(assumed)


class ReferenceRow(Spec):
    """One figure of another benchmark; `share` is how much of train it saw, `params_m` millions as printed."""

    method: str
    value: float
    backbone: str = ""
    share: float = Field(default=1.0, gt=0, le=1)
    params_m: float | None = None


class ReferenceEntry(Spec):
    """`registry/references.toml`: a benchmark's table on one dataset, shown beside ours and not to be reproduced.

    `backbone` holds where a row names none. `params` says what its `params_m`, in millions, count.
    """

    name: str
    source: str
    dataset: str
    metric: Literal["test_top1"] = "test_top1"
    backbone: str = ""
    params: str = ""
    note: str = ""
    rows: tuple[ReferenceRow, ...] = Field(min_length=1)
