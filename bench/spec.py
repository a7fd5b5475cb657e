"""Frozen specifications and the run id they hash to.

A `RunSpec` says everything that decides a run's result and nothing else: hardware, time and paths are left
out. Two specs with the same meaning have the same canonical JSON, so the same run id: types are coerced when
a spec is made (`lr = 1` is `1.0`), and names are canonical (`norm+last_blocks(1)` is `last_blocks(1)+norm`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PROTOCOL = 3
"""Raised when the same spec would train to another number, so that old and new rows never mix."""


def _ascending(values: tuple[float, float]) -> tuple[float, float]:
    black, white = values
    if not black < white:
        raise ValueError("black has to be below white")
    return values


Metric = Literal["val_top1", "val_top5", "val_loss", "val_macro_f1", "val_balanced_accuracy"]
PrecisionAsked = Literal["auto", "fp32", "bf16", "fp16"]
ValueRange = Annotated[tuple[float, float], AfterValidator(_ascending)]
Features = Literal["kept", "recomputed"]
BackendName = Literal["auto", "eager", "compile", "openvino", "onnxruntime"]


class Spec(BaseModel):
    """A frozen record whose unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def historic(value: Any, **field: Any) -> Any:
    """Declare a field that older versions did not have, and that says `value` for everything they did.

    At that value the field is left out of the canonical JSON, so specs from before it keep their ids; a spec read
    back without it gets `value`. Keyword arguments are those of `pydantic.Field`.
    """
    return Field(default=value, exclude_if=lambda found: found == value, **field)


class WeightsSpec(Spec):
    """Which checkpoint a backbone starts from, and where that comes from.

    `digest` is the SHA-256 of the checkpoint file, if it is declared or the file is at hand; a file that does
    not match it is never used. `path` says where a `file` lies on this machine and is not part of the identity.
    """

    source: Literal["hub", "file", "pip", "none"] = "hub"
    tag: str = ""
    location: str = ""
    revision: str | None = None
    digest: str | None = None
    path: str | None = Field(default=None, exclude=True)


class BackboneSpec(Spec):
    """A pretrained feature extractor: `timm/efficientnet_b0` and its weights."""

    library: Literal["timm", "torchvision", "bench"]
    architecture: str
    weights: WeightsSpec = WeightsSpec()

    @property
    def name(self) -> str:
        """The backbone's name with its library, without its weights."""
        return f"{self.library}/{self.architecture}"


class SubsetSpec(Spec):
    """A stratified part of a dataset: exactly so many images of `train` and `val`; None takes all there are."""

    train: int | None = Field(default=None, ge=1)
    val: int | None = Field(default=None, ge=1)

    def __str__(self) -> str:
        """Write it as a user does: `train=5000,val=45000`."""
        return ",".join(f"{split}={count}" for split, count in self.counts.items())

    @property
    def counts(self) -> dict[str, int]:
        """The images of each split that is cut short."""
        return {split: count for split, count in (("train", self.train), ("val", self.val)) if count is not None}


class DatasetSpec(Spec):
    """One dataset as one run sees it; `fingerprint` is the manifest's (None while only planned, unseen).

    `target` may join several with `+` (`fine+coarse`): a head each, and `num_classes` is their sum. `groups` is
    the digest of the class -> group maps of those targets that a user made of classes. Keys that say nothing are
    left out of the identity, so that runs of before there were such keys keep theirs.
    """

    name: str
    target: str = "label"
    num_classes: int
    fingerprint: str | None = None
    val_fraction: float = 0.1
    split_seed: int = 0
    subset: SubsetSpec | None = historic(None)
    groups: str | None = historic(None)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets, one for each head."""
        return tuple(self.target.split("+"))


class TransformSpec(Spec):
    """How an image becomes a tensor, the same for every split: resize, centre crop, scale to mean and std.

    `image_size` is in pixels; `crop_pct` is the share of the resized shorter side that the crop keeps;
    `mean` and `std` are per RGB channel, for values in [0, 1]. `exif` says whether an image is turned as its EXIF
    orientation asks (`follow`, what viewers do) or taken as stored (`ignore`, what timm and torchvision do);
    `ground` is the colour behind transparent pixels; `value_range` are the values that become black and white, of
    images of more than eight bits that do not declare their own (None: there are none).
    """

    image_size: int
    interpolation: Literal["nearest", "bilinear", "bicubic"] = "bicubic"
    crop_pct: float = 1.0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    exif: Literal["ignore", "follow"] = historic("ignore")
    ground: Literal["black", "grey", "white"] = historic("black")
    value_range: ValueRange | None = historic(None)


class ScheduleSpec(Spec):
    """Learning rate over time; epochs are the unit, plateau watches a validation metric."""

    kind: Literal["constant", "step", "cosine", "plateau"] = "cosine"
    warmup_epochs: float = Field(default=0.0, ge=0)
    step_size: int = Field(default=1, ge=1)
    gamma: float = Field(default=0.9, gt=0)
    t_max: int | None = Field(default=None, ge=1)
    metric: Metric = "val_loss"
    patience: int = Field(default=5, ge=0)
    factor: float = Field(default=0.1, gt=0, le=1)
    min_lr: float = Field(default=0.0, ge=0)


class EarlyStoppingSpec(Spec):
    """Stop after `patience` epochs in a row without an improvement of more than `min_delta`.

    `metric` None is the metric that selects; a run's spec names it.
    """

    metric: Metric | None = None
    patience: int = Field(default=5, ge=1)
    min_delta: float = 0.0


class RecipeSpec(Spec):
    """How the trainable parameters train. `image_size` None means the backbone's own.

    With `views` = K an image is augmented in K ways, drawn once and shown in turn, so that a frozen part can be
    kept for each of them; 0 draws anew in every epoch.
    """

    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "lbfgs"] = "adamw"
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    schedule: ScheduleSpec = ScheduleSpec()
    epochs: int = Field(default=30, ge=1, le=1_000_000)
    batch_size: int = Field(default=64, ge=1, le=1_000_000)
    early_stopping: EarlyStoppingSpec | None = None
    select: Metric = "val_top1"
    head: tuple[str, ...] = ("dropout(0.2)", "linear")
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    clip_grad_norm: float | None = Field(default=None, gt=0)
    precision: PrecisionAsked = "auto"
    image_size: int | None = Field(default=None, ge=1, le=4096)
    interpolation: Literal["nearest", "bilinear", "bicubic"] | None = None
    crop_pct: float | None = Field(default=None, ge=0.1, le=1)
    exif: Literal["ignore", "follow"] | None = historic(None)
    ground: Literal["black", "grey", "white"] | None = historic(None)
    value_range: ValueRange | None = historic(None)
    augment: tuple[str, ...] = ()
    views: int = Field(default=0, ge=0)
    norm_stats: Literal["frozen", "update"] = "frozen"
    best_on_test: bool = False

    @property
    def resolved(self) -> RecipeSpec:
        """The recipe with the metric that early stopping watches written out: one meaning, one run id."""
        stopping = self.early_stopping
        if stopping is None or stopping.metric is not None:
            return self
        watched = stopping.model_copy(update={"metric": self.select})
        return self.model_copy(update={"early_stopping": watched})

    @property
    def fixed_images(self) -> bool:
        """Whether every epoch shows the same images, or the same views of them."""
        return not self.augment or self.views > 0

    @property
    def keeps(self) -> bool:
        """Whether frozen activations may be kept: the images are fixed, and norms stand still."""
        return self.norm_stats == "frozen" and self.fixed_images


class RunSpec(Spec):
    """One dataset x backbone x strategy x recipe x seed: trained and evaluated once.

    `strategy` is canonical (`bench.strategies.parse`), `recipe` is fully resolved, `precision` is what `auto`
    meant on the device that planned it, `backend` is what computes the frozen part (`auto` in a plan that leaves
    it open, never in a run) and `kept` as which numbers its activations are kept. With `features` "recomputed" the
    cache is neither read nor written, whatever room it has, so that the cost of doing without it can be measured.
    """

    protocol: int = PROTOCOL
    dataset: DatasetSpec
    backbone: BackboneSpec
    strategy: str
    recipe: RecipeSpec
    transform: TransformSpec
    seed: int = 0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    backend: BackendName = "eager"
    kept: Literal["fp32", "fp16"] = "fp32"
    features: Features = historic("kept")

    @field_validator("recipe")
    @classmethod
    def _resolved(cls, recipe: RecipeSpec) -> RecipeSpec:
        return recipe.resolved

    @property
    def run_id(self) -> str:
        """The SHA-256 of the canonical spec, as 64 hexadecimal digits."""
        return digest(self)

    @property
    def group_id(self) -> str:
        """The run id with the seed left out: runs of one group differ in nothing but their seed."""
        return digest(self.model_copy(update={"seed": 0}), "group")


def canonical(value: Any) -> str:
    """Write a spec, or plain data, as JSON with sorted keys and no space: equal meaning, equal text."""
    data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def digest(value: Any, salt: str = "") -> str:
    """Hash a spec's canonical JSON with SHA-256; `salt` separates ids of different kinds."""
    return hashlib.sha256((salt + canonical(value)).encode()).hexdigest()


def samples_digest(ids: Sequence[str], labels: npt.NDArray[np.int64]) -> str:
    """Hash the ids (N,) and labels, (N,) or (N, targets), of samples in their order."""
    return digest([list(ids), labels.tolist()], "split")
