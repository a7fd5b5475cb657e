"""Which weights are on this machine already, by the libraries' own caches; needs neither a network nor torch."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bench.spec import BackboneSpec

CHECKPOINTS = ("model.safetensors", "pytorch_model.bin")


def hub_file(spec: BackboneSpec) -> Path | None:
    """Find a hub's checkpoint in the cache that its library keeps; None where it has to be downloaded."""
    location = spec.weights.location
    if location.startswith("http"):
        path = torch_cache() / location.rsplit("/", 1)[-1]
        return path if path.is_file() else None
    snapshots = _hub_cache() / f"models--{location.replace('/', '--')}" / "snapshots"
    revision = spec.weights.revision or _main(snapshots.parent)
    found = [snapshots / revision / name for name in CHECKPOINTS] if revision else []
    return next((path for path in found if path.is_file()), None)


def cached_architecture(repository: str) -> str | None:
    """Return the architecture that a repository's config names, if that is in the hub's cache."""
    folder = _hub_cache() / f"models--{repository.replace('/', '--')}"
    revision = _main(folder)
    try:
        config = json.loads((folder / "snapshots" / str(revision) / "config.json").read_text(encoding="utf-8"))
        found = config["architecture"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def torch_cache() -> Path:
    """Return where torch keeps downloaded checkpoints (as `torch.hub.get_dir()` has it)."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache_home) / "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def _hub_cache() -> Path:
    home = os.environ.get("HF_HOME", str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", str(Path(home) / "hub"))).expanduser()


def _main(repository: Path) -> str | None:
    try:
        return (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
