"""Finds weights in the libraries' own caches, and tests whether their hubs answer.

Needs no torch, and asks nothing of a network but whether somebody is there.
"""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from bench.disk.bounded import expanded
from bench.spec import BackboneSpec

CHECKPOINTS = ("model.safetensors", "pytorch_model.bin")

REACH_S = 5.0
"""Seconds within which a host must answer; the hub's client would go on trying for most of a minute."""


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


def has_to_be_fetched(spec: BackboneSpec) -> bool:
    """Whether a backbone's weights are on a hub and not on this machine."""
    return spec.weights.source == "hub" and hub_file(spec) is None


def hub_url(spec: BackboneSpec) -> str:
    """Return the address of the server that has a backbone's weights."""
    location = spec.weights.location
    if not location.startswith("http"):
        return os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc}"


def unreachable(specs: Iterable[BackboneSpec]) -> dict[str, str]:
    """Return why each server that the specs' weights have to be fetched from does not answer, by its address.

    Every server is asked once, all at the same time, for `REACH_S` seconds at most.
    """
    urls = sorted({hub_url(spec) for spec in specs if has_to_be_fetched(spec)})
    with ThreadPoolExecutor(max_workers=max(1, len(urls))) as pool:
        return {url: why for url, why in zip(urls, pool.map(_why_not, urls), strict=True) if why}


def reach(url: str) -> None:
    """Raise OSError at once if nobody answers at a URL, directly or through the proxy that is set."""
    parts = urlsplit(url)
    if urllib.request.getproxies().get(parts.scheme):
        request = urllib.request.Request(f"{parts.scheme}://{parts.netloc}/", method="HEAD")  # noqa: S310 - http(s)
        urllib.request.urlopen(request, timeout=REACH_S).close()  # noqa: S310 - the same
        return
    port = parts.port or (80 if parts.scheme == "http" else 443)
    socket.create_connection((parts.hostname or "", port), timeout=REACH_S).close()


def _why_not(url: str) -> str:
    try:
        reach(url)
    except (OSError, ValueError) as error:
        return f"{urlsplit(url).hostname} does not answer ({error})"
    return ""


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
    return expanded(home) / "hub" / "checkpoints"


def _hub_cache() -> Path:
    home = os.environ.get("HF_HOME", str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"))
    return expanded(os.environ.get("HF_HUB_CACHE", str(Path(home) / "hub")))


def _main(repository: Path) -> str | None:
    try:
        return (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
