"""The files that belong to a database, one per run and kind, in one folder: predictions, checkpoints, models.

Nothing here needs torch: predictions are numpy arrays in a zip file without pickles, the rest are only paths.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from bench.atomic import atomic_file, disk_errors
from bench.errors import StoreError
from bench.home import bench_home
from bench.store.predictions import Predictions as Predictions  # noqa: PLC0414 - who has the files has these
from bench.store.predictions import RunPredictions as RunPredictions  # noqa: PLC0414 - the same
from bench.store.predictions import TestPredictions as TestPredictions  # noqa: PLC0414 - the same
from bench.store.predictions import ValPredictions as ValPredictions  # noqa: PLC0414 - the same

if TYPE_CHECKING:
    from bench.store.location import Location

P = TypeVar("P", bound=Predictions)

_RUN_ID = re.compile("[0-9a-f]{64}")


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
            if made.others is not None:
                arrays[f"{split}_other_labels"] = made.others.astype(np.int64)
        if predictions.targets:
            arrays["targets"], arrays["classes"] = np.array(predictions.targets), np.array(predictions.val.classes)
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
                    _read(arrays, "val", ValPredictions),
                    _read(arrays, "test", TestPredictions),
                    tuple(arrays["targets"].tolist()) if "targets" in arrays else (),
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

    def clear_leftovers(self, run_id: str) -> None:
        """Delete what killed processes have left half-written of a run. Only who holds the run may."""
        for half in self.folder.glob(f"*/.{run_id}.*.tmp"):
            half.unlink(missing_ok=True)

    def _path(self, kind: str, run_id: str, suffix: str) -> Path:
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"{run_id!r} is no run id.")
        return self.folder / kind / f"{run_id}{suffix}"


def _read(arrays: np.lib.npyio.NpzFile, split: str, kind: type[P]) -> P:
    """Read one split; files of runs with one target have no `classes`."""
    ids = np.char.decode(arrays[f"{split}_ids"], "utf-8")
    joint: dict[str, Any] = {}
    if "classes" in arrays:
        joint = {"classes": tuple(arrays["classes"].tolist()), "others": arrays[f"{split}_other_labels"]}
    return kind(ids, arrays[f"{split}_labels"], arrays[f"{split}_logits"], **joint)
