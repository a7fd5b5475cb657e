"""Every architecture that timm, torchvision and bench can build, its checkpoints, and how each expects an image.

Asking the libraries takes seconds, so what they say is kept in `$BENCH_HOME`, once per pair of their versions;
with it, planning imports neither of them, nor torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import version
from typing import Any

from bench.disk.atomic import write_text
from bench.disk.home import bench_home
from bench.errors import BackboneError, WeightsError, unknown_name
from bench.spec import BackboneSpec, TransformSpec, WeightsSpec

Raw = dict[str, dict[str, dict[str, Any]]]
FORMAT = 2


@dataclass(frozen=True)
class Catalogue:
    """Architecture name -> tag -> {location, transform}, the library's default checkpoint first.

    The tag "" stands for an architecture without any checkpoint. `renamed` maps timm's former names to today's,
    with the tag that they stood for (`tf_efficientnet_b0_ns` -> `tf_efficientnet_b0.ns_jft_in1k`).
    """

    raw: Raw
    renamed: Mapping[str, str] = field(default_factory=dict)

    def names(self, pattern: str = "*") -> list[str]:
        """List the architectures (`timm/resnet18`) that match a shell pattern."""
        return [name for name in self.raw if fnmatchcase(name, pattern)]

    def tags(self, name: str) -> list[str]:
        """List the checkpoints of an architecture, the default first; empty where it has none."""
        return [tag for tag in self._entry(name) if tag]

    def hub_weights(self, name: str, tag: str = "") -> WeightsSpec:
        """Name a checkpoint of the library's hub: `tag`, or the default; `none` where there is no checkpoint."""
        tags = self.tags(name)
        if tag and tag not in tags:
            shown = ", ".join(tags) or "none"
            raise WeightsError(f"{name} has no weights {tag!r}.", f"It has: {shown}.", "Take one of them.")
        if not tags:
            return WeightsSpec(source="none")
        tag = tag or tags[0]
        return WeightsSpec(source="hub", tag=tag, location=self.raw[name][tag]["location"])

    def publishes(self, spec: BackboneSpec) -> bool:
        """Whether a backbone's weights are a checkpoint that its library publishes."""
        known = self.raw.get(spec.name, {}).get(spec.weights.tag, {})
        return spec.weights.source == "hub" and known.get("location") == spec.weights.location

    def transform(self, spec: BackboneSpec) -> TransformSpec:
        """Say how a backbone's weights expect an image: size, crop, interpolation, mean and std."""
        entry = self._entry(spec.name)
        chosen = entry.get(spec.weights.tag) or next(iter(entry.values()))
        return TransformSpec.model_validate(chosen["transform"])

    def _entry(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.raw:
            raise unknown_name("backbone", name, self.raw, BackboneError)
        return self.raw[name]


@cache
def catalogue() -> Catalogue:
    """Return the kept catalogue of the installed versions, or make it."""
    versions = f"timm-{version('timm')}_torchvision-{version('torchvision')}_{FORMAT}"
    path = bench_home() / "catalogue" / f"{versions}.json"
    try:
        return Catalogue(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        made = Catalogue(_ask(), _renamed())
        write_text(path, json.dumps(asdict(made), separators=(",", ":")), best_effort=True)
        return made


def _ask() -> Raw:
    from bench.models.plain_cnns import PLAIN_CNNS  # noqa: PLC0415 - torch, timm and torchvision are slow to import
    from bench.models.vision import timm, torchvision  # noqa: PLC0415 - the same

    raw: Raw = {}
    tagged: dict[str, list[str]] = {}
    for name in timm.list_pretrained():
        architecture, _, tag = name.partition(".")
        tagged.setdefault(architecture, []).append(tag)
    for architecture in timm.list_models():
        default = timm.models.get_pretrained_cfg(architecture)
        tags = tagged.get(architecture, [])
        first = [default.tag] if default is not None and default.tag in tags else []
        ordered = first + [tag for tag in tags if tag not in first]
        configs = {tag: timm.models.get_pretrained_cfg(f"{architecture}.{tag}") for tag in ordered}
        raw[f"timm/{architecture}"] = {t: _timm(c) for t, c in configs.items()} or {"": _timm(default)}
    for architecture in torchvision.models.list_models(module=torchvision.models):
        weights = torchvision.models.get_model_weights(architecture)
        members = sorted(weights, key=lambda w: w is not weights.DEFAULT)
        raw[f"torchvision/{architecture}"] = {w.name: _torchvision(w) for w in members} or {"": _plain(224)}
    for architecture in PLAIN_CNNS:
        raw[f"bench/{architecture}"] = {"": _plain(32)}
    return raw


def _renamed() -> dict[str, str]:
    """Return timm's former model names with today's; a former name of something else that is gone is left out."""
    from bench.models.vision import timm  # noqa: PLC0415 - slow to import

    known = {*timm.list_models(), *timm.list_pretrained()}
    former: dict[str, str | None] = getattr(timm.models._registry, "_deprecated_models", {})  # noqa: SLF001 - no public name
    return {old: new for old, new in former.items() if new in known and old not in known}


def _timm(config: Any) -> dict[str, Any]:
    if config is None:
        return _plain(224)
    known = config.interpolation in ("nearest", "bilinear")
    transform = TransformSpec(
        image_size=config.input_size[1],
        interpolation=config.interpolation if known else "bicubic",
        crop_pct=min(1.0, config.crop_pct or 0.875),
        mean=config.mean,
        std=config.std,
    )
    return {"location": config.hf_hub_id or config.url or "", "transform": transform.model_dump(mode="json")}


def _torchvision(weights: Any) -> dict[str, Any]:
    preset = weights.transforms()
    size = preset.crop_size[0]
    transform = TransformSpec(
        image_size=size,
        interpolation=preset.interpolation.value,
        crop_pct=min(1.0, size / preset.resize_size[0]),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
    )
    return {"location": weights.url, "transform": transform.model_dump(mode="json")}


def _plain(size: int) -> dict[str, Any]:
    half = (0.5, 0.5, 0.5)
    transform = TransformSpec(image_size=size, interpolation="bilinear", mean=half, std=half)
    return {"location": "", "transform": transform.model_dump(mode="json")}
