"""Where bench keeps what can be made again: manifests, feature caches, counts, downloads."""

from __future__ import annotations

import os
from pathlib import Path

from bench.disk.bounded import expanded


def bench_home() -> Path:
    """Return the tool's own folder: `BENCH_HOME`, or the user's cache folder for `backbone-bench`."""
    if home := os.environ.get("BENCH_HOME"):
        return expanded(home)
    from platformdirs import user_cache_path  # noqa: PLC0415 - only needed where BENCH_HOME is not set

    return user_cache_path("backbone-bench")
