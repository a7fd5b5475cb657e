"""What runs say of other datasets' images, kept as files beside a database, so that a new map needs no model."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.disk.atomic import atomic_file, disk_errors

if TYPE_CHECKING:
    import numpy.typing as npt

    from bench.store.artifacts import Artifacts


@dataclass(frozen=True, eq=False)
class ForeignScores:
    """A run's scores of some images of one official split of another dataset.

    `rows` (n,) are the images' positions in that split, ascending, `logits` (n, classes of all targets) float32.
    `classes` are the run's, target -> names, in the logits' order; `hardware` is what computed them.
    """

    rows: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]
    classes: dict[str, tuple[str, ...]]
    hardware: str

    def of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the logits of some of the images, all of which must be there."""
        return self.logits[np.searchsorted(self.rows, rows)]

    def missing(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return those of the images that are not there."""
        return np.setdiff1d(rows, self.rows)

    def joined(self, other: ForeignScores) -> ForeignScores:
        """Return the images of both, which have none in common."""
        rows = np.concatenate([self.rows, other.rows])
        order = np.argsort(rows)
        hardware = " + ".join(dict.fromkeys((*self.hardware.split(" + "), other.hardware)))
        logits = np.concatenate([self.logits, other.logits])[order]
        return ForeignScores(rows[order], logits, other.classes, hardware)


def scores_path(artifacts: Artifacts, run_id: str, fingerprint: str, split: str) -> Path:
    """Return where a run's scores of an official split of the dataset with this fingerprint are kept."""
    key = hashlib.sha256(f"{run_id}\n{fingerprint}\n{split}".encode()).hexdigest()
    return artifacts.folder / "transfers" / f"{key}.npz"


def save_scores(path: Path, scores: ForeignScores) -> None:
    """Keep scores; earlier ones are replaced. Raises DiskFullError or StoreError where they cannot be written."""
    about = json.dumps({"classes": scores.classes, "hardware": scores.hardware})
    arrays = {"rows": scores.rows, "logits": scores.logits.astype(np.float32), "about": np.array(about)}
    with disk_errors(path), atomic_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's hint mistakes an array for allow_pickle


def load_scores(path: Path) -> ForeignScores | None:
    """Return kept scores; None where there are none, or the file is damaged: they can be computed again."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            rows, logits = arrays["rows"].astype(np.int64), arrays["logits"]
        classes = {target: tuple(names) for target, names in about["classes"].items()}
        fits = logits.shape == (len(rows), sum(map(len, classes.values()))) and bool((np.diff(rows) > 0).all())
        return ForeignScores(rows, logits, classes, str(about["hardware"])) if fits else None
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile):
        return None
