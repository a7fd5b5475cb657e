"""Which weights are on this machine already, by the libraries' own caches; needs neither a network nor torch."""

from __future__ import annotations

import os
from pathlib import Path

from bench.plan.backbones import Candidate
from bench.records import Counts
from bench.spec import BackboneSpec

BYTES_A_PARAMETER = 4
CHECKPOINTS = ("model.safetensors", "pytorch_model.bin")


def download_bytes(candidate: Candidate, counts: Counts) -> int:
    """Estimate what has to be downloaded: the registry's figure, or four bytes a parameter; 0 where it is here."""
    if candidate.spec.weights.source != "hub" or hub_file(candidate.spec) is not None:
        return 0
    return candidate.download_bytes or BYTES_A_PARAMETER * counts.total_params


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
