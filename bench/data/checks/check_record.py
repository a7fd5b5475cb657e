"""A dataset's check as plain data: for `--json`, for what is printed, and for the report's methods page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bench.data.checks.balance import balances
from bench.data.checks.check import DatasetCheck
from bench.data.checks.copies import find_copies
from bench.data.checks.findings import findings
from bench.data.manifest import Manifest
from bench.registry.entries import DatasetEntry


def check_record(manifest: Manifest, entry: DatasetEntry) -> dict[str, Any]:
    """Return everything that is known of a dataset before training; shares are fractions.

    `trainable` says that no finding is an error; `copies` are the images of equal content. `checked` is false if
    the files were not looked at: the manifest is from before there was a check, and holds no more than ids, labels
    and digests.
    """
    found = findings(manifest, entry)
    check = manifest.check or DatasetCheck(version=0)
    return {
        "dataset": manifest.name,
        "reader": manifest.reader,
        "fingerprint": manifest.fingerprint,
        "checked": manifest.check is not None,
        "trainable": all(one.level != "error" for one in found),
        "folder": asdict(check.notes),
        "val": "its own split" if "val" in manifest.splits else f"{entry.val_fraction:g} of train",
        "targets": {target: _target(manifest, target) for target in (*manifest.classes, *manifest.groups)},
        "images": {split: facts.model_dump(mode="json") for split, facts in check.splits.items()},
        "left_out": {why: list(ids) for why, ids in check.left_out if ids},
        "copies": [
            {"ids": list(one.ids), "two_labels": one.contradict} for one in find_copies(manifest, check.damaged)
        ],
        "findings": [{**asdict(one), "names": list(one.names)} for one in found],
    }


def _target(manifest: Manifest, target: str) -> dict[str, Any]:
    splits = {
        split: {
            "images": found.images,
            "majority_share": round(found.majority_share, 6),
            "naming_train_majority_top1": round(found.naming_majority, 6),
            "counts": dict(found.counts),
        }
        for split, found in balances(manifest, target).items()
    }
    majority = balances(manifest, target)["train"].majority
    return {"classes": len(manifest.class_names(target)), "train_majority": majority, "splits": splits}
