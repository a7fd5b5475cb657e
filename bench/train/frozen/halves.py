"""A model cut in two: the part that is computed once for every image, and the part that trains.

Both halves use the model's own modules, so what one trains the other sees, and modules keep their training mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, fx, nn

from bench.models.classifier import Classifier
from bench.train.frozen.cuts import BATCHES, Cut, Seen, independent

BATCH = "the batch size"
"""Stands in a kept number's place where that is the batch size."""


class TrainedPart(nn.Module):
    """What is left to compute behind a cut: the kept tensors (N, ...) to class scores (N, classes).

    Names of parameters and modes are the classifier's: trained blocks in training mode, frozen ones between them
    in evaluation mode.
    """

    def __init__(self, model: Classifier, graph: fx.Graph) -> None:
        super().__init__()
        self.backbone, self.head = model.backbone, model.head
        object.__setattr__(self, "_model", model)  # not registered: its modules are here already
        object.__setattr__(self, "_compute", fx.GraphModule(model, graph))

    def forward(self, *kept: Tensor) -> Tensor:
        """Compute the scores."""
        return self._compute(*kept)  # type: ignore[no-any-return, operator]

    def train(self, mode: bool = True) -> TrainedPart:  # noqa: FBT001, FBT002 - torch's own signature
        """Set the classifier's mode."""
        self.training = mode
        self._model.train(mode)  # type: ignore[union-attr]
        return self


def trained_part(model: Classifier, graph: fx.Graph, cut: Cut, seen: dict[fx.Node, Seen]) -> TrainedPart:
    """Build what is computed at every step; it takes the kept tensors in the cut's order."""
    half, copied = fx.Graph(), dict[fx.Node, fx.Node]()
    for number, node in enumerate(cut.kept):
        copied[node] = half.placeholder(f"kept_{number}")
    first = copied[cut.kept[0]]
    for node in graph.nodes:
        if node in copied:
            continue
        if node not in cut.inside:
            copied[node] = half.node_copy(node, lambda n: copied[n])
        elif any(user not in cut.inside for user in node.users):  # a number that follows from the batch size
            copied[node] = half.call_function(sized, (_template(seen[node].values), first))
    half.lint()
    return TrainedPart(model, half)


def frozen_part(model: Classifier, graph: fx.Graph, cuts: Sequence[Cut]) -> fx.GraphModule:
    """Build what is computed once: images (N, 3, H, W) to the kept tensors of all cuts, those of the first first.

    A tensor that later nodes might change in place is copied as it is when its cut's last node has run.
    """
    half, copied = fx.Graph(), dict[fx.Node, fx.Node]()
    inside = frozenset[fx.Node]().union(*(cut.inside for cut in cuts))
    wanted = inside | independent(graph)
    order = [node for node in graph.nodes if node in wanted]
    last = {cut: max(order.index(node) for node in cut.inside) for cut in cuts}
    outputs: dict[tuple[int, fx.Node], fx.Node] = {}
    for at, node in enumerate(order):
        copied[node] = half.node_copy(node, lambda n: copied[n])
        for number, cut in enumerate(cuts):
            if last[cut] == at:
                more = at + 1 < len(order)
                for kept in cut.kept:
                    outputs[number, kept] = half.call_method("clone", (copied[kept],)) if more else copied[kept]
    half.output(tuple(outputs[number, kept] for number, cut in enumerate(cuts) for kept in cut.kept))
    half.lint()
    return fx.GraphModule(model, half).eval()


def sized(template: Any, tensor: Tensor) -> Any:
    """Put a batch's size where the template says so."""
    if isinstance(template, (tuple, list)):
        return tuple(sized(item, tensor) for item in template)
    return tensor.shape[0] if template == BATCH else template


def _template(values: tuple[Any, Any]) -> Any:
    small, large = values
    if isinstance(small, tuple):
        return tuple(_template(pair) for pair in zip(small, large, strict=True))
    return BATCH if values == BATCHES else small
