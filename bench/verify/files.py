"""The files beside a database: predictions, weights and checkpoints, and those without a row."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open

from bench.disk.checksum import ends_with_checksum
from bench.errors import BenchError, StoreError
from bench.store.artifacts import Artifacts
from bench.store.measured_again import measured_again
from bench.store.stamps import Measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.records.predictions import RunPredictions
    from bench.store.rows import HeadRow
    from bench.store.store import Store
    from bench.verify.findings import Findings, Progress

_ZIP_END = 22
"""Bytes of the record that ends a zip archive."""

KINDS = {"predictions": ".npz", "models": ".safetensors", "checkpoints": ".pt"}


def check_predictions(store: Store, findings: Findings, progress: Progress) -> None:
    """Verify the predictions of every run that is done, and compute what it measured, and its heads, again."""
    artifacts, done = Artifacts.of(store), [row.run_id for row in store.rows(status="done", only=("run_id",))]
    heads = store.heads.all()
    for number, run_id in enumerate(done, start=1):
        progress(number, len(done), "predictions")
        findings.checked["predictions"] += 1
        try:
            made = artifacts.predictions(run_id)
        except BenchError as error:
            findings.error("predictions", run_id, error)
            continue
        _check_metrics(artifacts, run_id, made, findings)
        if run_id in heads:
            _check_heads(run_id, made, heads[run_id].metrics, findings)


def check_weights(store: Store, findings: Findings, progress: Progress) -> None:
    """Verify every kept weights file, and that none that was kept is gone."""
    artifacts, rows = Artifacts.of(store), store.rows(status="done", only=("run_id",))
    for number, row in enumerate(rows, start=1):
        progress(number, len(rows), "weights")
        stamp = artifacts.stamps.find(row.run_id, "weights") if artifacts.stamps else None
        if stamp is None and not artifacts.model_path(row.run_id).exists():
            continue  # they were not kept
        findings.checked["weights"] += 1
        try:
            if not artifacts.check_weights(row.run_id):
                _adopt(artifacts, row.run_id)
        except BenchError as error:
            findings.error("weights", row.run_id, error)
        except OSError:
            todo = f"Copy the file back, or train it once more: bench keep {row.run_id[:12]}"
            findings.wrong("weights", row.run_id, "They were kept, and the file is gone.", todo)


def _adopt(artifacts: Artifacts, run_id: str) -> None:
    """Stamp weights of before there were checksums if they can be read; raises StoreError if not."""
    path = artifacts.model_path(run_id)
    try:
        with safe_open(path, framework="numpy") as file:
            whole = (file.metadata() or {}).get("run_id") == run_id
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreadable(path, run_id, str(error)) from error
    if not whole:
        raise _unreadable(path, run_id, "it is another run's")
    artifacts.adopt_weights(run_id)


def _unreadable(path: Path, run_id: str, why: str) -> StoreError:
    todo = f"Copy the file back, or delete it and train it once more: bench keep {run_id[:12]}"
    return StoreError(f"The weights of run {run_id[:12]} cannot be read.", f"{path}: {why}.", todo)


def check_checkpoints(store: Store, findings: Findings) -> None:
    """Verify the checkpoints of runs that are not finished."""
    for path in sorted((Artifacts.beside(store.location).folder / "checkpoints").glob("[!.]*.pt")):
        findings.checked["checkpoints"] += 1
        anew = "Nothing has to be done: the run begins anew."
        if _has_no_checksum(path):
            what = f"{path} is of before there were checksums, and not gone on with."
            findings.note("checkpoints", path.stem, what, anew)
        elif not ends_with_checksum(path):
            findings.wrong("checkpoints", path.stem, f"{path} is not as it was written.", anew)


def check_orphans(store: Store, findings: Findings) -> None:
    """Find files that belong to no run of the database, or to none that needs them any more."""
    folder = Artifacts.beside(store.location).folder
    statuses = {row.run_id: row.status for row in store.rows(only=("run_id", "status"))}
    for kind, suffix in KINDS.items():
        for path in _files(folder / kind):
            findings.checked["files"] += 1
            what = _needless(path, kind, suffix, statuses)
            if what:
                findings.wrong("files", str(path), what, "Delete it, or copy the database that it belongs to.")


def _has_no_checksum(path: Path) -> bool:
    """Whether a file is a whole zip archive with nothing after it, as checkpoints were before."""
    try:
        if path.read_bytes()[-_ZIP_END:][:4] != b"PK\x05\x06":
            return False
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir()) if folder.is_dir() else []


def _needless(path: Path, kind: str, suffix: str, statuses: Mapping[str, str]) -> str:
    """Return why a file should not be there; empty if it should."""
    half = path.name.startswith(".")
    run_id = path.name[1:].split(".")[0] if half else path.name.removesuffix(suffix)
    status = statuses.get(run_id)
    if status is None:
        return "No run of the database has this file."
    if half:
        return "" if status == "running" else "A process that was killed has left it half-written."
    if kind == "checkpoints" and status in ("done", "diverged"):
        return f"The run is {status}, and needs no checkpoint."
    return "" if kind == "checkpoints" or status in ("done", "running") else f"The run is {status}, not done."


def _check_metrics(artifacts: Artifacts, run_id: str, made: RunPredictions, findings: Findings) -> None:
    findings.checked["metrics"] += 1
    stored = artifacts.stamps.measured(run_id) if artifacts.stamps else None
    if stored is None:
        findings.wrong("metrics", run_id, "It is done, and the database has no results of it.", _RESTORE)
        return
    for split, again, before in zip(("val", "test"), measured_again(made), stored, strict=True):
        if not again.agrees(before):
            findings.wrong("metrics", run_id, _differs(split, again, before), _RESTORE)


def _check_heads(run_id: str, made: RunPredictions, rows: Iterable[HeadRow], findings: Findings) -> None:
    for row in rows:
        findings.checked["heads"] += 1
        try:
            val, test = measured_again(made.of(row.target))
        except BenchError as error:
            findings.error("heads", run_id, error)
            continue
        again, before = val if row.split == "val" else test, _measured(row)
        if not again.agrees(before):
            findings.wrong("heads", run_id, _differs(f"{row.split} of {row.target}", again, before), _RESTORE)


_RESTORE = "Restore the database, or the file of predictions, from a copy."


def _measured(row: HeadRow) -> Measured:
    return Measured(*(np.nan if number is None else number for number in (row.top1, row.loss)))


def _differs(split: str, again: Measured, before: Measured) -> str:
    return (
        f"On {split} its predictions give top-1 {again.top1:.6f} and loss {again.loss:.6g}, "
        f"the database has {before.top1:.6f} and {before.loss:.6g}."
    )
