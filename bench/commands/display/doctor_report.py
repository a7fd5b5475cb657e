"""What is on this machine: versions, devices, database, data, weights, and optional tools."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.data.datasets import is_here
from bench.data.sources.locating import how_to_get
from bench.disk.home import bench_home
from bench.disk.mounts import network_file_system
from bench.errors import BenchError
from bench.models.hub import hub_file
from bench.plan.backbones import listed
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.spec import BackboneSpec

REQUIRED = ("torch", "torchvision", "timm", "sqlalchemy", "alembic", "plotly", "pandas", "scikit-learn")
OPTIONAL = {
    "albumentations": "more augmentations: pip install 'backbone-bench[albumentations]'",
    "psycopg": "PostgreSQL databases: pip install 'backbone-bench[postgresql]'",
    "openvino": "a faster frozen pass on CPUs: pip install 'backbone-bench[openvino]'",
    "onnxruntime": "a faster frozen pass: pip install 'backbone-bench[onnxruntime]'",
}
OLDEST_SQLITE = (3, 35, 0)
WAL_FIXED = (3, 51, 3)
"""Before this version two connections that reset the write-ahead log at once could damage a database."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `todo` is the command that brings it where it is missing."""

    what: str
    ok: bool
    found: str
    todo: str = ""


def examine(registry: Registry, data_root: Path | None, db: str | None) -> list[Finding]:
    """Look at everything a command may need. Nothing is downloaded, and no database is made."""
    return [
        *_versions(),
        *_devices(),
        *_disk(),
        _database(db),
        _sqlite(),
        *_networks(db),
        *_datasets(registry, data_root),
        *_weights(registry),
    ]


def _versions() -> Iterator[Finding]:
    yield Finding("python", ok=True, found=platform.python_version())
    for name in REQUIRED:
        try:
            yield Finding(name, ok=True, found=version(name))
        except PackageNotFoundError:
            yield Finding(name, ok=False, found="", todo="pip install backbone-bench")
    for name, todo in OPTIONAL.items():
        try:
            yield Finding(name, ok=True, found=version(name))
        except PackageNotFoundError:
            yield Finding(name, ok=False, found="optional", todo=todo)


def _devices() -> Iterator[Finding]:
    try:
        import torch

        from bench.hardware.device import hardware, pick
    except (ImportError, OSError) as error:  # OSError: a shared library of torch's is missing
        yield Finding("device", ok=False, found=_first_line(error), todo="pip install --force-reinstall torch")
        return
    device = pick()
    yield Finding("device", ok=True, found=f"{device}: {hardware(device)}")
    built = torch.version.cuda or torch.version.hip
    if device.type == "cpu":
        reason = (
            f"this torch is built for {built}, but sees no GPU" if built else "this torch is built for CPU only"
        )
        todo = "check the GPU's driver" if built else "pip install torch (a CUDA build), where there is a GPU"
        yield Finding("GPU", ok=False, found=reason, todo=todo)
    try:
        from bench.models.vision import needed

        yield Finding("torchvision and timm beside torch", ok=True, found="import")
        yield _outside(needed=needed)
    except (ImportError, RuntimeError, OSError) as error:
        todo = f"pip install timm, and the torchvision that belongs to torch {torch.__version__}"
        yield Finding("torchvision and timm beside torch", ok=False, found=_first_line(error), todo=todo)


def _outside(*, needed: bool) -> Finding:
    """Report whether a program of the user's own can import timm here."""
    if not needed:
        return Finding("timm outside of bench", ok=True, found="import")
    return Finding(
        "timm outside of bench",
        ok=False,
        found="`import timm` fails: this torchvision was built for another torch",
        todo="`import bench.models.vision` before it, or install the torchvision that belongs to this torch",
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _disk() -> Iterator[Finding]:
    home = bench_home()
    existing = next(p for p in (home, *home.parents) if p.exists())
    free = shutil.disk_usage(existing).free / 1e9
    writable = existing.is_dir() and os.access(existing, os.W_OK)
    found = f"{home}, {free:.1f} GB free" if writable else f"{home} cannot be written"
    todo = "" if writable else "export BENCH_HOME=FOLDER, one that you may write to"
    yield Finding("caches (BENCH_HOME)", ok=writable, found=found, todo=todo)


def _database(db: str | None) -> Finding:
    from bench.store.look import look

    sqlite = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return Finding("database", ok=False, found=sqlite, todo="take a Python with SQLite 3.35 or newer")
    try:
        seen = look(db)
    except BenchError as error:
        return Finding("database", ok=False, found=f"{error.what} {sqlite}", todo=error.todo)
    old = f"schema {seen.schema}, which the next command upgrades to {seen.newest}; "
    said = f"{seen.location}: {seen.runs:,} runs; {old if seen.schema < seen.newest else ''}{sqlite}"
    return Finding("database", ok=True, found=said)


def _sqlite() -> Finding:
    """Name SQLite's version, and the fault of its write-ahead log that sqlite.org/wal.html describes."""
    what = "SQLite's write-ahead log"
    if sqlite3.sqlite_version_info >= WAL_FIXED:
        return Finding(what, ok=True, found=f"SQLite {sqlite3.sqlite_version}")
    return Finding(
        what,
        ok=False,
        found=f"SQLite {sqlite3.sqlite_version}: the WAL-reset bug of 3.7.0 to 3.51.2 may, rarely, damage a "
        "database that several processes write to",
        todo="a Python with SQLite 3.51.3 or newer, or PostgreSQL",
    )


def _networks(db: str | None) -> Iterator[Finding]:
    """Name the network file systems that the database or the caches lie on; nothing is said of local disks."""
    from bench.store.location import locate

    with contextlib.suppress(BenchError):
        path = locate(db).path
        if path is not None and (kind := network_file_system(path.absolute().parent)):
            found = f"{path} lies on a network file system ({kind}): runs may be claimed twice, the file damaged"
            yield Finding("place of the database", ok=False, found=found, todo="a local disk, or PostgreSQL")
    if kind := network_file_system(bench_home()):
        found = f"{bench_home()} lies on a network file system ({kind}): slow, and locks may not hold"
        yield Finding(
            "place of the caches", ok=False, found=found, todo="export BENCH_HOME=FOLDER, on a local disk"
        )


def _datasets(registry: Registry, data_root: Path | None) -> Iterator[Finding]:
    for entry in registry.all(DatasetEntry):
        here = is_here(entry, data_root)
        yield Finding(f"dataset {entry.name}", here, "here" if here else "", "" if here else how_to_get(entry))


def _weights(registry: Registry) -> Iterator[Finding]:
    try:
        candidates = listed(registry)
    except (ImportError, RuntimeError, OSError) as error:  # of timm or torchvision, which know the checkpoints
        yield Finding("weights", ok=False, found=_first_line(error), todo="pip install timm torchvision")
        return
    from_hub = [c.spec for c in candidates if c.spec.weights.source == "hub"]
    here = sum(hub_file(spec) is not None for spec in from_hub)
    yield Finding(
        "weights from a hub",
        ok=here == len(from_hub),
        found=f"{here} of {len(from_hub)} here",
        todo="" if here == len(from_hub) else "fetched when a sweep needs them, with a network",
    )
    for spec in (c.spec for c in candidates if c.spec.weights.source == "pip"):
        yield _packaged(spec)


def _packaged(spec: BackboneSpec) -> Finding:
    package = spec.weights.location
    try:
        return Finding(f"weights {spec.name}", ok=True, found=f"{package} {version(package)}")
    except PackageNotFoundError:
        return Finding(f"weights {spec.name}", ok=False, found="", todo=f"pip install {package}")
