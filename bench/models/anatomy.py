"""Which of a backbone's parameters are its stem, its blocks in order, and its neck - for any family.

Blocks are found by the names of their classes (a table below), outermost first; a class that merely gathers blocks
is looked into. A model without any (VGG, a plain CNN) has one block per weight layer. What a block does not own
belongs where the forward pass uses it: before the first block to the stem, after the last to the neck, between two
blocks to the later one - so `freeze_first(k)` and `last_blocks(n - k)` with the neck are exact complements.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

from torch import nn

from bench.models.backbones import Pooled
from bench.models.trace import Trace

BLOCK_CLASS = re.compile(
    r"Block(?!Stack)|Bottle(neck|2neck)|Basic$|Residual|DepthwiseSeparable|MBConv|DenseLayer|OsaBlock|Fire$"
    r"|^Transformer(Layer)?$|Outlooker|^Inception|^Mixed|^Reduction|Cell|ConvEncoder|XceptionModule|MobileAttention"
    r"|MaxxVit|MaxVitLayer|^EncoderLayer"
)
"""Class names that mean one residual, MBConv, dense, inception or transformer block in timm and torchvision."""

NOT_A_BLOCK = re.compile(r"^ResidualDrop|Stage|^SPP|MaxVitBlock|BlockStack|^LearnableAffine")
"""Class names that match but gather blocks or are a part of one."""

NOT_THERE = frozenset(
    ["stem", "downsample", "final_conv", "head", "global_block", "msfa", "neck", "pre_logits", "patch_embed",
     "downsamples", "transition", "embeds", "stem_dct"]
)  # fmt: skip
"""Parts of a path below which a matching class is no block (FastViT's stem is built of MobileOneBlocks)."""

PATTERNS: dict[str, tuple[str, ...]] = {
    "ConvMixer": ("blocks.*",),
    "IFormer": ("stages.*.blocks.*",),
}
"""Model classes whose blocks no class name tells: the paths of their blocks."""

GATHERS = ("blocks", "layers")
"""A matching module is looked into if it holds a container of this name with matching modules in it."""

WHOLE = frozenset(["MaxVitLayer"])
"""Classes of blocks that are never looked into: they hold a container of blocks, but as the parts of one."""

Containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
WEIGHT_LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear)
NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm, nn.modules.instancenorm._InstanceNorm)  # noqa: SLF001
NORM_CLASS = re.compile(r"Norm|^Affine$")
SCALES, SHIFTS = frozenset(["weight", "alpha"]), frozenset(["bias", "beta"])
BIAS = re.compile(r"(^|[._])bias(_[ih]h_l\d+(_reverse)?)?$")
"""Names of biases: `bias`, `q_bias`, `in_proj_bias`, an LSTM's `bias_ih_l0`; position bias tables are none."""


@dataclass(frozen=True)
class Anatomy:
    """Parameter names of a backbone by the part that owns them; every parameter is in exactly one.

    `norms` (scales and shifts of normalization layers) and `biases` (all of them, norm shifts included) cut across
    these parts.
    """

    stem: frozenset[str]
    blocks: tuple[frozenset[str], ...]
    neck: frozenset[str]
    norms: frozenset[str]
    biases: frozenset[str]
    block_modules: tuple[str, ...] = ()

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters."""
        return self.stem.union(*self.blocks, self.neck)


def dissect(model: nn.Module, trace: Trace) -> Anatomy:
    """Take a backbone without its head apart; `trace` is of the same model."""
    modules = find_blocks(model) or _weight_layers(model)
    use = dict(zip(trace.parameters, trace.first_use, strict=True))
    order = list(trace.parameters)
    groups = [[n for n in order if any(n.startswith(m + ".") for m in names)] for names in modules]
    start = [min((s for n in g if (s := use[n]) is not None), default=None) for g in groups]
    used = sorted((s, i) for i, s in enumerate(start) if s is not None)
    blocks = [set(groups[i]) for _, i in used]
    owned = set().union(*blocks)
    stem, neck = set(), set()
    for name in order:
        if name not in owned:
            at = use[name]
            later = [k for k, (s, _) in enumerate(used) if at is not None and s > at]
            if at is None or (later and later[0] == 0):
                stem.add(name)
            elif later:
                blocks[later[0]].add(name)
            else:
                neck.add(name)
    norms = norm_parameters(model)
    return Anatomy(
        frozenset(stem), tuple(frozenset(b) for b in blocks), frozenset(neck), norms, _biases(model, norms),
        tuple(modules[i][0] for _, i in used),
    )  # fmt: skip


def block_paths(model: nn.Module) -> list[str]:
    """List the paths of the modules that make up blocks, in registration order."""
    return [path for group in find_blocks(model) or _weight_layers(model) for path in group]


def find_blocks(model: nn.Module) -> list[list[str]]:
    """Find the modules that are blocks; each block as a list of module paths (one, here)."""
    if isinstance(model, Pooled):
        return [[f"model.{path}" for path in paths] for paths in find_blocks(model.model)]
    patterns = PATTERNS.get(type(model).__name__)
    if patterns:
        return [[n] for n, _ in model.named_modules() if any(_same_depth(n, p) for p in patterns)]
    found: list[list[str]] = []
    _descend(model, "", found)
    return found


def _descend(module: nn.Module, path: str, found: list[list[str]]) -> None:
    for name, child in module.named_children():
        below = f"{path}.{name}" if path else name
        if name in NOT_THERE and not hasattr(child, "backbone"):
            continue
        if _is_block(child) and not _gathers(child):
            found.append([below])
        else:
            _descend(child, below, found)


def _is_block(module: nn.Module) -> bool:
    name = type(module).__name__.lstrip("_")
    if isinstance(module, Containers) or not BLOCK_CLASS.search(name) or NOT_A_BLOCK.search(name):
        return False
    return any(True for _ in module.parameters())


def _gathers(module: nn.Module) -> bool:
    if type(module).__name__ in WHOLE:
        return False
    for name in GATHERS:
        child = getattr(module, name, None)
        if isinstance(child, Containers) and any(_is_block(m) for m in child.modules()):
            return True
    return False


def _weight_layers(model: nn.Module) -> list[list[str]]:
    """Group a plain network by its weight layers: each with the layers that follow it, up to the next."""
    groups: list[list[str]] = []
    for name, module in model.named_modules():
        if isinstance(module, WEIGHT_LAYERS):
            groups.append([name])
        elif groups and not any(module.children()) and any(True for _ in module.parameters(recurse=False)):
            groups[-1].append(name)
    return groups


def is_norm(module: nn.Module) -> bool:
    """Say whether a module is a normalization layer: torch's own, or a leaf whose class name says so."""
    if isinstance(module, NORMS):
        return True
    own = {name for name, _ in module.named_parameters(recurse=False)}
    return bool(own & SCALES) and bool(NORM_CLASS.search(type(module).__name__))


def norm_parameters(model: nn.Module) -> frozenset[str]:
    """Name the scales and shifts of all normalization layers."""
    return frozenset(
        f"{path}.{name}" if path else name
        for path, module in model.named_modules()
        if is_norm(module) and not isinstance(module, WEIGHT_LAYERS)
        for name, _ in module.named_parameters(recurse=False)
        if name in SCALES | SHIFTS
    )


def _biases(model: nn.Module, norms: frozenset[str]) -> frozenset[str]:
    shifts = {name for name in norms if name.rpartition(".")[2] in SHIFTS}
    return frozenset(name for name, _ in model.named_parameters() if name in shifts or BIAS.search(name))


def _same_depth(path: str, pattern: str) -> bool:
    return path.count(".") == pattern.count(".") and fnmatch.fnmatchcase(path, pattern)
