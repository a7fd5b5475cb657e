"""What runs say about images: val and test predictions as different types, and those of one head of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bench.errors import StoreError, unknown_name
from bench.records.targets import spans
from bench.spec import digest, samples_digest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MATRIX = 2


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run says about n images of one split, in one order.

    `ids` (n,) are the manifest's sample ids, `labels` (n,) the true classes, `logits` (n, classes) are float32.
    Of a joint run with T targets `classes` are those of each, `logits` (n, their sum) lie target after target,
    `labels` are the first target's and `others` (n, T - 1) the other ones'.
    """

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]
    classes: tuple[int, ...] = ()
    others: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        images = len(self.ids)
        if self.labels.shape != (images,) or self.logits.shape[:1] != (images,) or self.logits.ndim != _MATRIX:
            shapes = f"labels of shape {self.labels.shape} and logits of shape {self.logits.shape}"
            raise ValueError(f"{images} ids, {shapes} do not fit.")
        found = None if self.others is None else self.others.shape
        if found != ((images, len(self.classes) - 1) if self.classes else None) or (
            self.classes and sum(self.classes) != self.logits.shape[1]
        ):
            raise ValueError(f"{images} ids, {self.classes} classes and other labels of shape {found} do not fit.")

    @classmethod
    def made(
        cls,
        ids: npt.NDArray[np.str_],
        labels: npt.NDArray[np.int64],
        logits: npt.NDArray[np.float32],
        classes: tuple[int, ...] = (),
    ) -> Self:
        """Make predictions of labels (n,), or of labels (n, T) of T targets with so many classes."""
        if not classes:
            return cls(ids, labels, logits)
        return cls(ids, labels[:, 0], logits, classes, labels[:, 1:])

    def head(self, number: int) -> Self:
        """Return what one head of a joint run says, as a run of that target alone would have."""
        if not self.classes:
            return self
        labels = self.labels if number == 0 or self.others is None else self.others[:, number - 1]
        return type(self)(self.ids, labels, self.logits[:, spans(self.classes)[number]])


class ValPredictions(Predictions):
    """Predictions that may choose: weights of an ensemble, a temperature, a rank."""


class TestPredictions(Predictions):
    """Predictions that may only be reported."""

    __test__ = False  # not a pytest class


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """A run's predictions, and the digest of the split they were made on: compare only where it is equal.

    `targets` names those of a joint run.
    """

    split_digest: str
    val: ValPredictions
    test: TestPredictions
    targets: tuple[str, ...] = ()

    def of(self, target: str) -> RunPredictions:
        """Return what the head of one target says, with the split digest of a run of that target alone.

        A run with one target has no other. Raises StoreError for a target that is none of a joint run's.
        """
        if not self.targets:
            return self
        if target not in self.targets:
            raise unknown_name("target of the run", target, self.targets, StoreError)
        number = self.targets.index(target)
        val, test = self.val.head(number), self.test.head(number)
        return RunPredictions(digest([samples_digest(p.ids.tolist(), p.labels) for p in (val, test)]), val, test)
