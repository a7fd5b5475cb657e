"""The files that belong to a database, one per run and kind, in one folder: predictions, checkpoints, models.

Nothing here needs torch: predictions are numpy arrays in a zip file without pickles, the rest are only paths. The
database has a checksum of each run's predictions and weights; a file that has another is named and not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from bench.disk.atomic import atomic_file, disk_errors
from bench.disk.checksum import ARRAY_ERRORS, checksum, file_checksum, is_whole
from bench.disk.home import bench_home
from bench.errors import StoreError
from bench.records.predictions import Predictions, RunPredictions, TestPredictions, ValPredictions
from bench.spec import digest, samples_digest
from bench.store.measured_again import measured_again
from bench.store.stamps import Stamp, Stamps

if TYPE_CHECKING:
    import numpy.typing as npt

    from bench.store.location import Location
    from bench.store.store import Store

P = TypeVar("P", bound=Predictions)

_RUN_ID = re.compile("[0-9a-f]{64}")


class Artifacts:
    """The files of the runs of one database. A file appears whole or not at all.

    With `stamps` every file that is read is held against its checksum.
    """

    def __init__(self, folder: Path, stamps: Stamps | None = None) -> None:
        self.folder, self.stamps = folder, stamps

    @classmethod
    def of(cls, store: Store) -> Self:
        """Return a database's files, to be held against the checksums that it has of them."""
        files = cls.beside(store.location)
        files.stamps = Stamps(store.sessions)
        return files

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

    def save_predictions(self, run_id: str, predictions: RunPredictions) -> Stamp:
        """Keep a run's predictions and return their stamp; the same run's earlier ones are replaced.

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
        path, content = self.predictions_path(run_id), io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]  # numpy's hint mistakes an array for allow_pickle
        with disk_errors(path), atomic_file(path) as temporary:
            temporary.write_bytes(content.getbuffer())
        return Stamp(run_id, "predictions", checksum(content.getbuffer()), content.getbuffer().nbytes)

    def predictions(self, run_id: str) -> RunPredictions:
        """Return a run's predictions. Raises StoreError if they are missing, or not as they were written.

        Those of before there were checksums are held against what the run measured, and then stamped.
        """
        content = self._content(run_id)
        stamp = self.stamps.find(run_id, "predictions") if self.stamps else None
        if stamp and stamp.checksum != checksum(content):
            raise self._damaged(run_id, "predictions", self.predictions_path(run_id))
        made = self._parsed(run_id, content)
        if self.stamps and stamp is None:
            self._adopt(self.stamps, run_id, content, made)
        return made

    def check_weights(self, run_id: str) -> bool:
        """Compare a run's weights with their checksum, once in this process; False if they have none yet.

        Raises StoreError if they are another file's, FileNotFoundError if there are none.
        """
        path = self.model_path(run_id)
        path.stat()
        stamp = self.stamps.find(run_id, "weights") if self.stamps else None
        if stamp and not is_whole(path, stamp.checksum):
            raise self._damaged(run_id, "weights", path)
        return stamp is not None

    def adopt_weights(self, run_id: str) -> None:
        """Stamp weights of before there were checksums, once they were read; a read-only database takes none."""
        if self.stamps:
            with contextlib.suppress(StoreError):
                self.stamps.put(self.weights_stamp(run_id))

    def weights_stamp(self, run_id: str) -> Stamp:
        """Return the stamp of weights that were just written."""
        path = self.model_path(run_id)
        return Stamp(run_id, "weights", file_checksum(path), path.stat().st_size)

    def _adopt(self, stamps: Stamps, run_id: str, content: bytes, made: RunPredictions) -> None:
        """Hold predictions without a checksum against what the run measured, and stamp them."""
        stored = stamps.measured(run_id)
        if stored is None:
            return
        again = measured_again(made)
        split_digest = digest([samples_digest(p.ids.tolist(), _labels(p)) for p in (made.val, made.test)])
        if split_digest != made.split_digest or not all(a.agrees(s) for a, s in zip(again, stored, strict=True)):
            raise StoreError(
                f"The predictions of run {run_id[:12]} do not give what the run measured.",
                f"{self.predictions_path(run_id)} has no checksum yet. Computed again, top-1 on val and test are "
                f"{again[0].top1:.4f} and {again[1].top1:.4f}, the database has {stored[0].top1:.4f} and "
                f"{stored[1].top1:.4f}; the losses are {again[0].loss:.6g} and {again[1].loss:.6g}, and "
                f"{stored[0].loss:.6g} and {stored[1].loss:.6g}.",
                "Restore the file from a copy; `bench verify` lists all files that are damaged.",
            )
        with contextlib.suppress(StoreError):  # a database that may only be read
            stamps.put(Stamp(run_id, "predictions", checksum(content), len(content)))

    def _damaged(self, run_id: str, kind: str, path: Path) -> StoreError:
        again = f", or delete it and run: bench keep {run_id[:12]}" if kind == "weights" else ""
        return StoreError(
            f"The {kind} of run {run_id[:12]} are damaged.",
            f"{path} is not as it was written: its checksum is another.",
            f"Restore the file from a copy{again}. `bench verify` lists all files that are damaged.",
        )

    def _content(self, run_id: str) -> bytes:
        path = self.predictions_path(run_id)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise StoreError(
                f"The predictions of run {run_id[:12]} are missing.",
                f"There is no file {path}: the database was copied without its files, or they were deleted.",
                f"Copy the folder {self.folder.name} beside the database.",
            ) from error
        except OSError as error:
            raise self._unreadable(run_id, error) from error

    def _parsed(self, run_id: str, content: bytes) -> RunPredictions:
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return RunPredictions(
                    str(arrays["split_digest"]),
                    _read(arrays, "val", ValPredictions),
                    _read(arrays, "test", TestPredictions),
                    tuple(arrays["targets"].tolist()) if "targets" in arrays else (),
                )
        except ARRAY_ERRORS as error:
            raise self._unreadable(run_id, error) from error

    def _unreadable(self, run_id: str, error: Exception) -> StoreError:
        return StoreError(
            f"The predictions of run {run_id[:12]} cannot be read.",
            f"{self.predictions_path(run_id)} is damaged or not readable: {error}.",
            "Restore the file from a copy.",
        )

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


def _labels(made: Predictions) -> npt.NDArray[np.int64]:
    """Return labels as a split has them: (n,), or (n, targets) of a joint run."""
    if made.others is None:
        return made.labels
    return np.concatenate([made.labels[:, None], made.others], axis=1)
