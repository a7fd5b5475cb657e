"""How albumentations is imported: it asks no server for its newest version, and OpenCV starts no threads."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bench.errors import RecipeError


def require(wanted_by: str) -> None:
    """Raise RecipeError, naming what wants it, where albumentations is not installed; it is not imported."""
    if find_spec("albumentations") is None:
        raise _not_installed(wanted_by, "The package albumentations is missing.")


@cache
def load() -> Any:
    """Import albumentations. Raises RecipeError where that fails."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    try:
        package, opencv = import_module("albumentations"), import_module("cv2")
    except (ImportError, OSError) as error:
        raise _not_installed("An augmentation", f"{error}.") from error
    opencv.setNumThreads(0)  # images are augmented by one thread each; more would take turns with torch's
    return package


def _not_installed(wanted_by: str, why: str) -> RecipeError:
    return RecipeError(
        f"{wanted_by} needs albumentations.", why, "Run: pip install 'backbone-bench[albumentations]'"
    )
