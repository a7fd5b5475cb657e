"""Verifies the files below `$BENCH_HOME`: feature cache and prepared images of all databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.data.images.prepared_files import images_folder, prepared_files, prepared_path, verified_label
from bench.train.frozen.cache import FeatureCache
from bench.train.frozen.cache_entry import damaged_files

if TYPE_CHECKING:
    from bench.disk.cached import Listed
    from bench.verify.findings import Findings, Progress

NOTES = {
    "outdated": "An earlier version made it, without checksums: it is not used.",
    "partial": "An interrupted pass has kept it, and goes on from there.",
    "left": "A process that was killed has left it half-written.",
}


def check_features(findings: Findings, progress: Progress) -> None:
    """Verify the checksums of every entry of the feature cache."""
    cache = FeatureCache()
    listed = cache.list()
    for number, entry in enumerate(listed, start=1):
        progress(number, len(listed), "kept features")
        _noted("kept features", entry, findings)
        if entry.state not in ("whole", "damaged"):
            continue
        findings.checked["kept features"] += 1
        folder = cache.folder / entry.key
        damaged = damaged_files(folder) if entry.state == "whole" else [folder / "meta.json"]
        for path in damaged:
            findings.wrong("kept features", entry.key, f"{path} is not as it was written.", _anew(entry))


def check_images(findings: Findings, progress: Progress) -> None:
    """Verify the checksum of every file of prepared images."""
    listed = prepared_files()
    for number, entry in enumerate(listed, start=1):
        progress(number, len(listed), "prepared images")
        _noted("prepared images", entry, findings)
        if entry.state != "whole":
            continue
        findings.checked["prepared images"] += 1
        path = prepared_path(entry.key)
        if verified_label(path) is None:
            findings.wrong("prepared images", entry.key, f"{path} is not as it was written.", _anew(entry))
    for path in sorted(images_folder().glob("*.json")):
        if not path.with_suffix(".npy").exists():
            findings.note("prepared images", path.stem, "A note without its images.", f"Delete {path}.")


def _anew(entry: Listed) -> str:
    return (
        f"Nothing has to be done: it is made anew when it is needed. To free it: bench cache clear {entry.key[:8]}"
    )


def _noted(kind: str, entry: Listed, findings: Findings) -> None:
    if entry.state in NOTES:
        findings.note(kind, entry.key, NOTES[entry.state], f"To free it: bench cache clear {entry.key[:8]}")
