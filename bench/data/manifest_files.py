"""Keeps manifests under the tool's home, and knows when the data they describe has changed."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from bench.data.manifest import Manifest, ManifestHeader
from bench.data.readers import READERS
from bench.data.sources.faults import unreadable
from bench.data.sources.tree import walk
from bench.disk.atomic import atomic_file, write_text
from bench.disk.bounded import MOST_IMAGE, read_bytes
from bench.disk.home import bench_home
from bench.errors import DataError
from bench.registry.entries import DatasetEntry
from bench.spec import digest

_BUNDLED = "bundled"


def source_signature(location: Path | None) -> str:
    """Return a text that changes when the data does: size and time of the file, or of each file in the folder.

    Nothing is opened. None stands for data that comes with a Python package.
    """
    if location is None:
        return _BUNDLED
    try:
        if location.is_file():
            status = location.stat()
            return f"{status.st_size}:{status.st_mtime_ns}"
        listing = sorted(
            (name, (status := entry.stat()).st_size, status.st_mtime_ns) for name, entry in walk(location)
        )
    except OSError as error:
        raise unreadable(location, error) from error
    return hashlib.sha256(repr(listing).encode()).hexdigest()


def load_header(entry: DatasetEntry, location: Path | None, signature: str) -> ManifestHeader | None:
    """Read the header of the manifest made of data with this signature; None if there is none."""
    try:
        header = ManifestHeader.from_json(_header_path(entry, location).read_text("utf-8"))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return header if header.signature == signature else None


def load_manifest(entry: DatasetEntry, location: Path | None, signature: str) -> Manifest | None:
    """Read the manifest made of data with this signature; None if there is none or it is damaged."""
    header = load_header(entry, location, signature)
    if header is None:
        return None
    try:
        manifest = Manifest.model_validate_json(_manifest_path(entry, location).read_bytes())
    except (OSError, ValidationError):
        return None
    return manifest if manifest.fingerprint == header.fingerprint else None


def manifest_of(fingerprint: str) -> Manifest | None:
    """Read the manifest of data with this fingerprint, wherever that data lay; None if none was seen here."""
    for path in sorted((bench_home() / "manifests").glob("*.header.json")):
        try:
            if json.loads(path.read_text("utf-8"))["fingerprint"] != fingerprint:
                continue
            kept = path.with_name(path.name.replace(".header.json", ".json"))
            manifest = Manifest.model_validate_json(kept.read_bytes())
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if manifest.fingerprint == fingerprint:
            return manifest
    return None


def save_manifest(manifest: Manifest, entry: DatasetEntry, location: Path | None, signature: str) -> None:
    """Keep a manifest, then its header, each written whole or not at all.

    `signature` is that of the data before it was read: data that changes while it is read is read again.
    """
    _write(_manifest_path(entry, location), manifest.model_dump_json())
    _write(_header_path(entry, location), json.dumps(asdict(ManifestHeader.of(manifest, signature))))


def first_shown(fingerprint: str) -> bool:
    """Whether the check of data with this fingerprint has not been shown here yet; from now on it has.

    A home that cannot be written to shows it every time.
    """
    mark = bench_home() / "manifests" / "shown" / fingerprint
    if mark.exists():
        return False
    write_text(mark, "", best_effort=True)
    return True


def _write(path: Path, text: str) -> None:
    try:
        with atomic_file(path) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise DataError(
            f"Cannot write {path}.",
            f"{error.strerror}.",
            "Free some space there, or let BENCH_HOME name a folder with room that you may write to.",
        ) from error


def _manifest_path(entry: DatasetEntry, location: Path | None) -> Path:
    """Name the file by what the manifest depends on beside the data: the place, and how it is read."""
    read_as = {
        "reader": entry.reader,
        "version": READERS[entry.reader].version,
        "location": str(location),
        "entry": entry.model_dump(
            include={"name", "num_classes", "counts", "targets", "class_names", "split_seed"}
        ),
        **{flag: True for flag in ("skip_damaged", "drop_duplicates") if getattr(entry, flag)},
    }
    if entry.layout or entry.lists:
        read_as |= {"layout": entry.layout, "lists": [[text, _content_of(text)] for text in entry.lists]}
    safe_name = re.sub(r"[^\w.-]+", "-", entry.name)
    return bench_home() / "manifests" / f"{safe_name}-{digest(read_as)[:16]}.json"


def _content_of(text: str) -> str:
    """Return the hash of a list outside of the dataset's folder; the signature covers those in it."""
    try:
        return hashlib.sha256(read_bytes(Path(text.partition("=")[2] or text), MOST_IMAGE)).hexdigest()
    except OSError:
        return ""


def _header_path(entry: DatasetEntry, location: Path | None) -> Path:
    return _manifest_path(entry, location).with_suffix(".header.json")
