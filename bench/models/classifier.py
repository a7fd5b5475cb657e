"""A backbone with its new head, and which of its parts train."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.models.anatomy import Anatomy, dissect
from bench.models.backbones import build
from bench.models.head_modules import build_head
from bench.models.trace import Trace, trace
from bench.random_keys import key
from bench.spec import BackboneSpec, RunSpec


class Classifier(nn.Module):
    """Images (N, 3, H, W) to class scores (N, classes): `backbone`, then `head`.

    Strategies call `train_only`. What trains decides what may move: in training mode a module without any
    trainable parameter stays in evaluation mode (no dropout, no drop path), and a batch norm updates its running
    statistics only if both its scale and its shift train, or if `update_norm_stats` is set.
    """

    def __init__(self, backbone: nn.Module, head: nn.Module, anatomy: Anatomy) -> None:
        super().__init__()
        self.backbone, self.head, self.anatomy = backbone, head, anatomy
        self.update_norm_stats = False

    def forward(self, images: Tensor) -> Tensor:
        """Map images to class scores."""
        return self.head(self.backbone(images))  # type: ignore[no-any-return]

    def train_only(self, names: Iterable[str]) -> None:
        """Let exactly these backbone parameters train (names as in `anatomy`), and the head."""
        wanted = set(names)
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad_(name in wanted)
        for parameter in self.head.parameters():
            parameter.requires_grad_(True)  # noqa: FBT003 - torch's own signature
        self.train(self.training)

    @property
    def trainable_backbone(self) -> frozenset[str]:
        """Names of the backbone's parameters that train."""
        return frozenset(name for name, p in self.backbone.named_parameters() if p.requires_grad)

    def train(self, mode: bool = True) -> Classifier:  # noqa: FBT001, FBT002 - torch's own signature
        """Set training mode where something trains, evaluation mode everywhere else."""
        super().train(mode)
        if mode:
            self._hold_still()
        return self

    def _hold_still(self) -> None:
        moving = {parent for name in self.trainable_backbone for parent in _parents(name)}
        for path, module in self.backbone.named_modules():  # a parent comes before its children
            if module.training and path not in moving and any(True for _ in module.parameters()):
                module.eval()
        for module in self.backbone.modules():
            if isinstance(module, _BatchNorm):
                module.train(self.update_norm_stats or _both_train(module, self.backbone))


def _parents(name: str) -> list[str]:
    """List the modules that hold a parameter, outermost first: of `a.b.weight`, the model (""), `a` and `a.b`."""
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(len(parts))]


def _both_train(norm: _BatchNorm, backbone: nn.Module) -> bool:
    """Say whether a norm's scale and shift both train; one without either follows the whole backbone."""
    if norm.affine:
        return bool(norm.weight.requires_grad and norm.bias.requires_grad)
    return all(p.requires_grad for p in backbone.parameters())


def bare_on_meta(spec: BackboneSpec, image_size: int) -> tuple[Classifier, Trace]:
    """Build a backbone on the meta device with an empty head, and trace one image of `image_size` pixels in it."""
    backbone = build(spec, image_size, meta=True).eval()
    seen = trace(backbone, image_size)
    return Classifier(backbone, nn.Identity(), dissect(backbone, seen)).eval(), seen


def assemble(spec: RunSpec, backbone: nn.Module) -> Classifier:
    """Put a run's head on its real backbone, which is traced for it."""
    twin, seen = bare_on_meta(spec.backbone, spec.transform.image_size)
    return with_new_head(spec, backbone, twin.anatomy, seen.shape[-1])


def with_new_head(spec: RunSpec, backbone: nn.Module, anatomy: Anatomy, width: int) -> Classifier:
    """Put a run's head, with its initial weights keyed by (seed, "head"), on features of `width` numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(spec.seed, "head"))
        head = build_head(spec.recipe.head, width, spec.dataset.num_classes)
    model = Classifier(backbone, head, anatomy)
    model.update_norm_stats = spec.recipe.norm_stats == "update"
    return model
