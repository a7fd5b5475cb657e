"""One model as a graph whose nodes are blocks: what torch.fx sees when blocks are not looked into.

A node is a block, a module that holds no block (a stem's convolution, the neck, the head), or an operation that
the model's own code does between them. So one graph serves every strategy: a strategy says which nodes it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import fx, nn

from bench.models.anatomy import block_paths, is_norm
from bench.models.backbones import as_vectors
from bench.models.classifier import Classifier
from bench.models.vision import timm

_NOTRACE: Any = timm.layers
"""Where timm lists what torch.fx must not look into; its types do not show it."""

Signature = tuple[tuple[str, str, str], ...]


class _BlockTracer(fx.Tracer):
    """Takes for a leaf whatever holds no block."""

    def __init__(self, blocks: frozenset[str]) -> None:
        super().__init__(autowrap_functions=(as_vectors, *_NOTRACE.get_notrace_functions()))
        self.blocks = blocks
        self.parents = {path[:at] for path in blocks for at in _dots(path)}
        self.atoms = tuple(_NOTRACE.get_notrace_modules())

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        if module_qualified_name not in self.parents or isinstance(m, self.atoms):
            return True
        return is_norm(m)


def trace_blocks(model: Classifier) -> fx.Graph | None:
    """Trace a classifier at the level of its blocks; None where its own code does not trace.

    What is baked into a graph at this level must not depend on training mode, or one graph could not serve both:
    a model that traces differently in the two modes counts as one that does not trace.
    """
    blocks = frozenset(f"backbone.{path}" for path in block_paths(model.backbone))
    graphs = []
    for mode in (True, False):
        with _mode(model, mode=mode):
            try:
                graphs.append(_BlockTracer(blocks).trace(model))
            except Exception:  # noqa: BLE001 - a model's own code may fail on a proxy in any way
                return None
    trained, evaluated = graphs
    return evaluated if _signature(trained) == _signature(evaluated) else None


def trace_whole(model: Classifier) -> fx.Graph:
    """Return the graph of two nodes, the backbone and its head, which every model has."""
    return _WholeTracer().trace(model)


class _WholeTracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002 - torch's interface
        return True


def _dots(path: str) -> Iterator[int]:
    return (at for at, letter in enumerate(path) if letter == ".")


@contextmanager
def _mode(model: nn.Module, *, mode: bool) -> Iterator[None]:
    """Set the mode of every module, frozen ones too, inside this context."""
    before = [(module, module.training) for module in model.modules()]
    for module, _ in before:
        module.training = mode
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def _signature(graph: fx.Graph) -> Signature:
    return tuple((node.op, _name(node.target), f"{node.args} {node.kwargs}") for node in graph.nodes)


def _name(target: Any) -> str:
    return target if isinstance(target, str) else f"{target.__module__}.{target.__qualname__}"
