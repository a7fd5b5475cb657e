"""Build a backbone without its classifier, from timm, torchvision or here, real or on the meta device.

Whatever the library, what comes out maps images (N, 3, size, size) to features (N, F).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from bench.errors import BackboneError
from bench.models.catalogue import catalogue
from bench.models.plain_cnns import PLAIN_CNNS
from bench.models.vision import timm, torchvision
from bench.spec import BackboneSpec

DROPPED_WHOLE = ("VGG", "AlexNet")
"""torchvision models whose whole classifier goes, not its last layer: it holds nine of ten parameters (VGG-11:
132.9M with it, 9.2M without). Their features are pooled to 1x1 instead."""

FIXED_DROP_PATH = ("maxvit_", "swin_")
"""torchvision models that take no drop path: their blocks' rates rise from 0 to one fixed in the code."""


class Pooled(nn.Module):
    """A library's model without its classifier, its output made (N, F) whatever it was."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: nn.Module = model

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, H, W) to features (N, F)."""
        return as_vectors(self.model(images))


def as_vectors(features: Any) -> Tensor:
    """Make a model's output (N, F): the main one of several, the mean over places of (N, F, H, W)."""
    if isinstance(features, (tuple, list)):  # networks with auxiliary outputs put the main one first
        features = features[0]
    if features.ndim == 4:  # noqa: PLR2004 - (N, F, H, W)
        features = features.mean(dim=(2, 3))
    return features  # type: ignore[no-any-return]


class _Uninitialised(TorchFunctionMode):
    """Leaves out what would give meta tensors their values: that takes half the time of building a model."""

    SETTERS = frozenset(
        [Tensor.uniform_, Tensor.normal_, Tensor.erfinv_, Tensor.mul_, Tensor.add_, Tensor.clamp_, Tensor.fill_,
         Tensor.zero_, Tensor.copy_]
    )  # fmt: skip

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in self.SETTERS and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))


def build(spec: BackboneSpec, image_size: int, *, drop_path: float = 0.0, meta: bool = False) -> Pooled:
    """Build the backbone without weights, for images of `image_size` pixels; on the meta device if asked.

    Raises BackboneError where the name is unknown or the architecture cannot take this size or drop path.
    """
    return Pooled(headless(with_classifier(spec, image_size, drop_path=drop_path, meta=meta)))


def with_classifier(
    spec: BackboneSpec, image_size: int, *, drop_path: float = 0.0, meta: bool = False, **kwargs: Any
) -> nn.Module:
    """Build the library's own model, its classifier included: what a checkpoint was saved from."""
    make = _BUILDERS[spec.library]
    try:
        if not meta:
            return make(spec.architecture, image_size, drop_path, kwargs)
        try:
            with torch.device("meta"), _Uninitialised():
                return make(spec.architecture, image_size, drop_path, kwargs)
        except NotImplementedError:  # torchvision's RegNets compute their widths with tensors
            return make(spec.architecture, image_size, drop_path, kwargs).to("meta")
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        own = catalogue().transform(spec).image_size
        raise BackboneError(
            f"{spec.name} cannot be built for {image_size} pixels"
            + (f" and drop path {drop_path}." if drop_path else "."),
            f"{spec.library} says: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            f"Take another --image-size (its own is {own})" + (", or drop_path = 0." if drop_path else "."),
        ) from error


def headless(model: nn.Module) -> nn.Module:
    """Take the classifier off a library's model, in place. Raises BackboneError where there is none."""
    network: Any = model
    name = next((n for n in ("fc", "classifier", "heads", "head") if hasattr(model, n)), "")
    if hasattr(model, "reset_classifier"):
        network.reset_classifier(0)
    elif type(model).__name__ in DROPPED_WHOLE:
        network.avgpool, network.classifier = nn.AdaptiveAvgPool2d(1), nn.Identity()
    elif type(model).__name__ == "SqueezeNet":
        network.classifier = nn.AdaptiveAvgPool2d(1)
    elif not name:
        raise BackboneError(
            f"{type(model).__name__} has no classifier to take off.",
            "It is an encoder that returns feature maps, not one vector per image.",
            "Take another backbone.",
        )
    elif isinstance(head := getattr(model, name), nn.Sequential):  # its layers before the last belong to the neck
        kept = [layer for layer in head if not isinstance(layer, nn.Dropout)][:-1]
        setattr(model, name, nn.Sequential(*kept))
    else:
        setattr(model, name, nn.Identity())
    return model


def _only_drop_path(model: nn.Module, share: float) -> nn.Module:
    """Multiply a model's drop path rates by `share` and set all other dropout to 0, in place."""
    modules: Iterator[Any] = model.modules()
    for module in modules:
        if isinstance(module, timm.layers.drop.DropPath):
            module.drop_prob *= share
        elif isinstance(module, torchvision.ops.StochasticDepth):
            module.p *= share
        elif isinstance(module, nn.modules.dropout._DropoutNd):  # noqa: SLF001 - the base class has no public name
            module.p = 0.0
        elif hasattr(module, "drop_rate"):  # timm's models drop out before their classifier, DenseNets in layers
            module.drop_rate = 0.0
    return model


def _timm(architecture: str, size: int, drop_path: float, kwargs: dict[str, Any]) -> nn.Module:
    config = timm.models.get_pretrained_cfg(architecture)
    if config is not None and config.fixed_input_size and size != config.input_size[1]:
        kwargs = {**kwargs, "img_size": size}
    if drop_path:
        kwargs = {**kwargs, "drop_path_rate": drop_path}
    return _only_drop_path(timm.create_model(architecture, **kwargs), 1.0 if drop_path else 0.0)


def _torchvision(architecture: str, size: int, drop_path: float, kwargs: dict[str, Any]) -> nn.Module:
    if architecture.startswith("vit_"):
        kwargs = {**kwargs, "image_size": size}
    if architecture == "maxvit_t":
        kwargs = {**kwargs, "input_size": (size, size)}
    if architecture in ("googlenet", "inception_v3"):
        kwargs = {**kwargs, "init_weights": False, "aux_logits": False, "transform_input": True}
    fixed = architecture.startswith(FIXED_DROP_PATH)
    if drop_path and not fixed:
        kwargs = {**kwargs, "stochastic_depth_prob": drop_path}
    model = torchvision.models.get_model(architecture, weights=None, **kwargs)
    own = (
        max(m.p for m in model.modules() if isinstance(m, torchvision.ops.StochasticDepth)) if fixed else drop_path
    )
    return _only_drop_path(model, drop_path / own if drop_path else 0.0)


def _plain(architecture: str, size: int, drop_path: float, kwargs: dict[str, Any]) -> nn.Module:
    if drop_path:
        raise ValueError("it has no residual branch to drop")
    return PLAIN_CNNS[architecture](image_size=size, **kwargs)


_BUILDERS: dict[str, Callable[[str, int, float, dict[str, Any]], nn.Module]] = {
    "timm": _timm,
    "torchvision": _torchvision,
    "bench": _plain,
}
