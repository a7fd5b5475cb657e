"""The files that belong to a database, one per run and kind, in one folder: predictions, checkpoints, models.

Nothing here needs torch: predictions are numpy arrays in a zip file without pickles, the rest are only paths.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from bench.atomic import atomic_file, disk_errors
from bench.errors import StoreError
from bench.home import bench_home

if TYPE_CHECKING:
    import numpy.typing as npt

    from bench.store.location import Location

_MATRIX = 2
_RUN_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run says about n images of one split, in one order.

    `ids` (n,) are the manifest's sample ids, `labels` (n,) the true classes, `logits` (n, classes) are float32.
    """

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        images = len(self.ids)
        if self.labels.shape != (images,) or self.logits.shape[:1] != (images,) or self.logits.ndim != _MATRIX:
            shapes = f"labels of shape {self.labels.shape} and logits of shape {self.logits.shape}"
            raise ValueError(f"{images} ids, {shapes} do not fit.")


class ValPredictions(Predictions):
    """Predictions that may choose: weights of an ensemble, a temperature, a rank."""


class TestPredictions(Predictions):
    """Predictions that may only be reported."""

    __test__ = False  # not a pytest class


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """A run's predictions, and the digest of the split they were made on: compare only where it is equal."""

    split_digest: str
    val: ValPredictions
    test: TestPredictions


class Artifacts:
    """The files of the runs of one database. A file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, location: Location) -> Self:
        """Return a database's files: `X.db.files` beside a SQLite file `X.db`, else below `BENCH_HOME`."""
        if location.path is not None:
            return cls(Path(f"{location.path.resolve()}.files"))
        return cls(bench_home() / "artifacts" / hashlib.sha256(location.identity.encode()).hexdigest()[:16])

    def predictions_path(self, run_id: str) -> Path:
        """Return where a run's predictions are kept."""
        return self._path("predictions", run_id, ".npz")

    def checkpoint_path(self, run_id: str) -> Path:
        """Return where a run that is not finished keeps what it needs to go on."""
        return self._path("checkpoints", run_id, ".pt")

    def model_path(self, run_id: str) -> Path:
        """Return where a run's trained parameters are kept, if they are."""
        return self._path("models", run_id, ".safetensors")

    def save_predictions(self, run_id: str, predictions: RunPredictions) -> None:
        """Keep a run's predictions; the same run's earlier ones are replaced.

        Raises DiskFullError where there is no room, StoreError where the folder cannot be written.
        """
        arrays = {"split_digest": np.array(predictions.split_digest)}
        for split, made in (("val", predictions.val), ("test", predictions.test)):
            arrays[f"{split}_ids"] = np.char.encode(np.asarray(made.ids, str), "utf-8")  # a quarter of the size
            arrays[f"{split}_labels"] = made.labels.astype(np.int64)
            arrays[f"{split}_logits"] = made.logits.astype(np.float32)
        path = self.predictions_path(run_id)
        with disk_errors(path), atomic_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's hint mistakes an array for allow_pickle

    def predictions(self, run_id: str) -> RunPredictions:
        """Return a run's predictions. Raises StoreError where they are missing or damaged."""
        path = self.predictions_path(run_id)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return RunPredictions(
                    str(arrays["split_digest"]),
                    ValPredictions(*_split(arrays, "val")),
                    TestPredictions(*_split(arrays, "test")),
                )
        except FileNotFoundError as error:
            raise StoreError(
                f"The predictions of run {run_id[:12]} are missing.",
                f"There is no file {path}: the database was copied without its files, or they were deleted.",
                f"Copy the folder {self.folder.name} beside the database.",
            ) from error
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"The predictions of run {run_id[:12]} cannot be read.",
                f"{path} is damaged or not readable: {error}.",
                "Restore the file from a copy.",
            ) from error

    def discard_checkpoint(self, run_id: str) -> None:
        """Delete a run's checkpoint if there is one: the run is done."""
        self.checkpoint_path(run_id).unlink(missing_ok=True)

    def _path(self, kind: str, run_id: str, suffix: str) -> Path:
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"{run_id!r} is no run id.")
        return self.folder / kind / f"{run_id}{suffix}"


def _split(
    arrays: np.lib.npyio.NpzFile, split: str
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    ids = np.char.decode(arrays[f"{split}_ids"], "utf-8")
    return ids, arrays[f"{split}_labels"], arrays[f"{split}_logits"]
