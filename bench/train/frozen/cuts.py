"""Where a graph may be cut into a part computed once and a part computed at every step, and what each cut costs.

Frozen is what no trainable parameter, no moving statistic and no randomness of training reaches. A cut takes the
first so many frozen nodes; what the others read of them is kept: its bytes are paid for each image, and the frozen
nodes behind the cut are computed again at every step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.flop_counter import FlopCounterMode

from bench.models.classifier import Classifier
from bench.spec import digest

BATCHES = (2, 3)
"""Two batch sizes that are tried, to tell the numbers that depend on it from those that do not."""

RANDOM = ("p", "drop_prob", "prob")
"""Attributes under which layers that drop something at random keep how often."""


@dataclass(frozen=True)
class Seen:
    """What a node gave for each of BATCHES: shapes of tensors, or plain values; and its MACs for one image."""

    values: tuple[Any, Any]
    macs: int

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape without the batch of a tensor that can be kept; None for what cannot."""
        small, large = self.values
        if not isinstance(small, Shape) or not small.floating or small.shape[:1] != BATCHES[:1]:
            return None
        rest = small.shape[1:]
        return rest if large.shape == (BATCHES[1], *rest) else None


@dataclass(frozen=True)
class Shape:
    """A tensor's shape, batch first; whether it holds real numbers, and its channels lie last in memory."""

    shape: tuple[int, ...]
    floating: bool
    channels_last: bool = False


@dataclass(frozen=True)
class Cut:
    """One place to cut: the nodes `inside` the part computed once, the tensors `kept`, what is computed `again`.

    `shapes` are those of the kept tensors for one image, and `channels_last` how they lie in memory; `once` and
    `again` are MACs for one image.
    """

    inside: frozenset[fx.Node]
    kept: tuple[fx.Node, ...]
    shapes: tuple[tuple[int, ...], ...]
    channels_last: tuple[bool, ...]
    once: int
    again: int

    @property
    def floats(self) -> int:
        """Numbers kept for each image."""
        return sum(torch.Size(shape).numel() for shape in self.shapes)

    @cached_property
    def digest(self) -> str:
        """A hash of everything that is computed up to the cut: equal hashes, equal tensors."""
        return digest([_structure(node) for node in self.kept], "cut")

    @property
    def label(self) -> str:
        """The kept tensors' names: paths of the blocks that gave them."""
        names = (str(node.target) if node.op == "call_module" else node.name for node in self.kept)
        return "+".join(name.removeprefix("backbone.").removeprefix("model.") for name in names)


def profile(model: Classifier, graph: fx.Graph, image_size: int) -> dict[fx.Node, Seen]:
    """Run the graph twice on blank images and note what every node gives."""
    runs = []
    was = model.training
    model.eval()
    device = next(model.parameters()).device
    blank = torch.zeros(max(BATCHES), 3, image_size, image_size, device=device)
    blank = blank.contiguous(memory_format=torch.channels_last)
    for batch in BATCHES:
        profiler = _Profiler(model, graph)
        with torch.no_grad():
            profiler.run(blank[:batch])
        runs.append(profiler)
    model.train(was)
    small, large = runs
    return {n: Seen((small.values[n], large.values[n]), small.macs[n] // BATCHES[0]) for n in small.values}


class _Profiler(fx.Interpreter):
    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        super().__init__(model, graph=graph)
        self.values: dict[fx.Node, Any] = {}
        self.macs: dict[fx.Node, int] = {}

    def run_node(self, n: fx.Node) -> Any:
        with FlopCounterMode(display=False) as counter:
            result = super().run_node(n)
        self.values[n] = _described(result)
        self.macs[n] = counter.get_total_flops() // 2
        return result


def _described(value: Any) -> Any:
    if isinstance(value, Tensor):
        nhwc = value.ndim == 4 and value.is_contiguous(memory_format=torch.channels_last)  # noqa: PLR2004 - N, C, H, W
        return Shape(tuple(value.shape), value.is_floating_point(), nhwc and not value.is_contiguous())
    if isinstance(value, (tuple, list)):
        return tuple(_described(item) for item in value)
    return value


def cuts(model: Classifier, graph: fx.Graph, seen: dict[fx.Node, Seen]) -> list[Cut]:
    """List every allowed cut under the model's strategy, from the images on to the edge of what is frozen."""
    loose = independent(graph)
    moving = changing(model, graph)
    frozen = [n for n in graph.nodes if n not in moving and n not in loose and n.op != "output"]
    found = []
    for end in range(1, len(frozen) + 1):
        inside = frozenset(frozen[:end])
        crossing = [n for n in frozen[:end] if any(user not in inside for user in n.users)]
        kept = tuple(n for n in crossing if _has_tensors(seen[n].values[0]))
        shapes = [seen[n].shape for n in kept]
        plain = (n for n in crossing if n not in kept)
        if kept and all(s is not None for s in shapes) and all(is_plain(seen[n].values) for n in plain):
            again = sum(seen[n].macs for n in frozen[end:])
            once = sum(seen[n].macs for n in frozen[:end])
            layout = tuple(seen[n].values[0].channels_last for n in kept)
            found.append(Cut(inside, kept, tuple(s for s in shapes if s is not None), layout, once, again))
    return found


def independent(graph: fx.Graph) -> set[fx.Node]:
    """Find what does not depend on the images: parameters, tables of positions, constants."""
    found: set[fx.Node] = set()
    for node in graph.nodes:
        if node.op not in {"placeholder", "output"} and all(n in found for n in node.all_input_nodes):
            found.add(node)
    return found


def changing(model: Classifier, graph: fx.Graph) -> set[fx.Node]:
    """Find what training can change: what trains, moves or is random in training mode, and all that follows it."""
    was = model.training
    model.train()
    found: set[fx.Node] = set()
    for node in graph.nodes:
        if any(n in found for n in node.all_input_nodes) or _changes(model, node):
            found.add(node)
    model.train(was)
    return found


def _changes(model: nn.Module, node: fx.Node) -> bool:
    if node.op == "get_attr":
        value: Any = model
        for part in str(node.target).split("."):
            value = getattr(value, part)
        return bool(value.requires_grad)
    if node.op != "call_module":
        return False
    module = model.get_submodule(str(node.target))
    if any(p.requires_grad for p in module.parameters()):
        return True
    return any(m.training and (isinstance(m, _BatchNorm) or _is_random(m)) for m in module.modules())


def _is_random(module: nn.Module) -> bool:
    if "Drop" not in type(module).__name__:
        return False
    return any(isinstance(p := getattr(module, name, None), float) and p > 0 for name in RANDOM)


def _has_tensors(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_has_tensors(item) for item in value)
    return isinstance(value, Shape)


def is_plain(values: tuple[Any, Any]) -> bool:
    """Say whether a number, or a tuple of numbers, is the same for every batch size, or is the batch size."""
    small, large = values
    if isinstance(small, tuple) and isinstance(large, tuple):
        return len(small) == len(large) and all(is_plain(pair) for pair in zip(small, large, strict=True))
    return small == large or values == BATCHES


def _structure(node: fx.Node) -> Any:
    """Describe how a node is computed, by what it is computed of."""
    known: dict[fx.Node, str] = {}
    for each in _ancestors(node):
        target = (
            each.target if isinstance(each.target, str) else f"{each.target.__module__}.{each.target.__qualname__}"
        )
        if each.op == "placeholder":
            target = "images"
        arguments = fx.map_arg((each.args, each.kwargs), lambda n: known[n])
        known[each] = digest([each.op, target, str(arguments)])
    return known[node]


def _ancestors(node: fx.Node) -> Iterator[fx.Node]:
    needed, waiting = {node}, [node]
    while waiting:
        for n in waiting.pop().all_input_nodes:
            if n not in needed:
                needed.add(n)
                waiting.append(n)
    return (n for n in node.graph.nodes if n in needed)
