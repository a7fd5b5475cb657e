"""Where a run's frozen part ends and its trained part begins: the frontier.

What stands before the frontier never changes during the run, so it is computed once and kept. Two frontiers have
names of their own: `pooled`, the backbone's output, where the head alone trains; and `images`, where nothing is
kept. The others are called after the block whose output is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import fx, nn

from bench.hardware.device import Rates
from bench.models.classifier import Classifier
from bench.spec import RecipeSpec
from bench.train.frozen.cuts import Cut, Seen, cuts, profile
from bench.train.frozen.halves import TrainedPart, frozen_part, trained_part
from bench.train.frozen.tracing import trace_blocks, trace_whole

POOLED, IMAGES = "pooled", "images"


@dataclass(frozen=True)
class Frontier:
    """Where a run's frozen part ends; `cut` is None where nothing is kept."""

    label: str
    cut: Cut | None = None


@dataclass(frozen=True)
class Allowance:
    """What may be kept: `images` of a dataset (views counted each), in `bytes` all told, `itemsize` a number."""

    images: int
    bytes: int
    itemsize: int = 4

    def fits(self, cut: Cut) -> bool:
        """Say whether what a cut keeps of all images fits."""
        return cut.floats * self.itemsize * self.images <= self.bytes


class Dissected:
    """A model's graph and what its nodes give: where its frontiers are, under any strategy.

    `traced` is False where the model's own code does not trace; then its only cut is behind the whole backbone.
    """

    def __init__(self, model: Classifier, image_size: int) -> None:
        graph = trace_blocks(model)
        self.traced = graph is not None
        self.graph: fx.Graph = graph or trace_whole(model)
        self.seen: dict[fx.Node, Seen] = profile(model, self.graph, image_size)

    def frontier(self, model: Classifier, recipe: RecipeSpec, allowance: Allowance, rates: Rates) -> Frontier:
        """Choose the frontier of a model under its strategy: the cut that makes an epoch cheapest, if it fits.

        The last cut computes the least, an earlier one may hold far less. A recipe whose augmentation draws new
        images every epoch has nothing to keep.
        """
        if not recipe.fixed_images:
            return Frontier(IMAGES)
        found = cuts(model, self.graph, self.seen)
        if not found:
            return Frontier(IMAGES)
        last = found[-1]
        if self._label(last) == POOLED and allowance.fits(
            last
        ):  # heads are simplest, and fast, on pooled features
            return Frontier(POOLED, last)
        best = cheapest(found, allowance, rates)
        return Frontier(self._label(best), best) if best else Frontier(IMAGES)

    def frozen(self, found: Iterable[Cut], model: Classifier) -> nn.Module:
        """Build what computes the kept tensors of several cuts at once."""
        return frozen_part(model, self.graph, list(found))

    def trained(self, cut: Cut, model: Classifier) -> TrainedPart:
        """Build what is left to compute behind a cut."""
        return trained_part(model, self.graph, cut, self.seen)

    def _label(self, cut: Cut) -> str:
        head = next(node for node in self.graph.nodes if node.target == "head")
        return POOLED if cut.kept == tuple(head.all_input_nodes) else cut.label


def cheapest(found: Iterable[Cut], allowance: Allowance, rates: Rates) -> Cut | None:
    """Take the cut with the cheapest epoch among those that fit; None where recomputing everything is as cheap.

    `found` begins with the images themselves, of one byte a number. An epoch costs what is computed again and what
    is read; equal costs go to the later cut.
    """
    images, *others = found
    best, least = None, images.again * rates.mac_s + images.floats * rates.byte_s
    for cut in others:
        cost = cut.again * rates.mac_s + cut.floats * allowance.itemsize * rates.byte_s
        if allowance.fits(cut) and cost <= least and cut.again < images.again:
            best, least = cut, cost
    return best
