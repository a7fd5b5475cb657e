"""Parts of a dataset: read as a user writes them, held against what there is, and counted ahead of any image."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from bench.errors import DataError, unknown_name
from bench.spec import DatasetSpec, SubsetSpec


def parse_subset(text: str | None) -> SubsetSpec | None:
    """Read `train=5000,val=45000`; None for nothing. Raises DataError with what is wrong."""
    if text is None:
        return None
    counts: dict[str, int] = {}
    for part in text.split(","):
        split, equals, number = (piece.strip() for piece in part.partition("="))
        if equals and split not in SubsetSpec.model_fields:
            raise unknown_name("split to take a part of", split, SubsetSpec.model_fields, DataError)
        if not equals or not (number.isascii() and number.isdecimal()) or split in counts:
            raise _unreadable(text, f"{part.strip()!r} is no split with a number, or it comes twice.")
        counts[split] = int(number)
    try:
        return SubsetSpec.model_validate(counts)
    except ValidationError as error:
        raise _unreadable(text, "A part has one image at least.") from error


def check_subset(subset: SubsetSpec | None, images: Mapping[str, int], val_fraction: float) -> None:
    """Raise DataError where a dataset with so many `images` by split has not as many as a subset takes."""
    if subset is None or not images:
        return
    train, val = _available(subset, images, val_fraction)
    for split, wanted, there in (("train", subset.train, train), ("val", subset.val, val)):
        if wanted is not None and wanted > there:
            raise DataError(
                f"Cannot take {subset}.",
                f"At most {int(there):,} images can be {split} in a dataset of "
                f"{', '.join(f'{count:,} {name}' for name, count in images.items())}.",
                "Ask for fewer; where a dataset has no val of its own, it is taken out of train.",
            )


def split_counts(images: Mapping[str, int], data: DatasetSpec) -> tuple[float, float, float]:
    """Return how many images a run trains on, chooses by and reports, of so many by official split."""
    train, val = _available(data.subset, images, data.val_fraction)
    subset = data.subset or SubsetSpec()
    test = images.get("test", 0)
    return (subset.train or train), (val if subset.val is None or "val" not in images else subset.val), test


def _available(subset: SubsetSpec | None, images: Mapping[str, int], val_fraction: float) -> tuple[float, float]:
    """Return the most images that train and val can have: what val takes of train, train has not."""
    everything = images.get("train", 0)
    if "val" in images:
        return everything, images["val"]
    val = subset.val if subset and subset.val is not None else everything * val_fraction
    return max(0, everything - val), min(val, max(0, everything - 1))  # something has to train


def _unreadable(text: str, why: str) -> DataError:
    return DataError(f"Cannot read the subset {text!r}.", why, "Write train=5000,val=45000, or one of the two.")
