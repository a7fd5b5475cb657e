"""Count several trained models as one: what they share is counted once.

Models whose backbone starts from the same weights, sees the same images and computes in the same precision stand
on one trunk. A parameter that trains in none but some of them has one value in the others, which is kept once; a
matrix product that no trainable parameter reaches gives the same numbers in each of them, and is computed once.
So heads on one frozen backbone cost one backbone and their heads, and after `norm` or `bitfit`, where early layers
train, weights are shared but hardly any compute. Models whose norm statistics moved share nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bench.records import Counts
from bench.spec import BackboneSpec

Pieces = dict[int, int]
"""A quantity, split by which strategies leave it frozen: bit i of a key stands for the i-th strategy."""


@dataclass(frozen=True)
class Part:
    """One model, as it is counted: `trunk` is equal where frozen parts are the same, and None shares nothing."""

    trunk: str | None
    backbone: str
    image_size: int
    strategy: str
    counts: Counts

    @property
    def frozen_params(self) -> int:
        """Parameters that hold still; the head always trains."""
        return self.counts.total_params - self.counts.trainable_params

    @property
    def frozen_macs(self) -> int:
        """Multiply-accumulates of one image that no trainable parameter reaches."""
        return round(self.counts.frozen_gmacs * 1e9)


@dataclass(frozen=True)
class Trunk:
    """What models on one trunk leave frozen, parameters and MACs, by their strategies."""

    strategies: tuple[str, ...]
    params: Pieces
    macs: Pieces

    def frozen(self, strategies: Iterable[str]) -> tuple[int, int]:
        """Count the parameters and MACs that at least one of the strategies leaves frozen."""
        bits = sum(1 << self.strategies.index(name) for name in set(strategies))
        params, macs = (sum(n for key, n in pieces.items() if key & bits) for pieces in (self.params, self.macs))
        return params, macs


class Joint:
    """Counts any choice of some models, by name, as one model."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        """Look at every trunk once. Raises BackboneError where one has to be built to be counted, and cannot."""
        self._parts = parts
        on: dict[str, list[Part]] = {}
        for part in parts.values():
            if part.trunk is not None:
                on.setdefault(part.trunk, []).append(part)
        self._trunks = {trunk: _trunk(found) for trunk, found in on.items()}

    def counts(self, names: Iterable[str]) -> Counts:
        """Count models as one; `train_gmacs` is the sum of theirs, for they were trained apart."""
        parts = [self._parts[name] for name in set(names)]
        frozen = [self._frozen(trunk, parts) for trunk in sorted({part.trunk or "" for part in parts})]
        params, macs = (sum(pair[i] for pair in frozen) for i in range(2))
        trained = sum(part.counts.trainable_params for part in parts)
        own = sum(round(part.counts.gmacs * 1e9) - part.frozen_macs for part in parts)
        return Counts(
            total_params=params + trained,
            trainable_params=trained,
            trainable_backbone_params=sum(part.counts.trainable_backbone_params for part in parts),
            gmacs=(macs + own) / 1e9,
            train_gmacs=sum(round(part.counts.train_gmacs * 1e9) for part in parts) / 1e9,
            frozen_gmacs=macs / 1e9,
        )

    def _frozen(self, trunk: str, parts: Sequence[Part]) -> tuple[int, int]:
        here = [part for part in parts if (part.trunk or "") == trunk]
        if trunk:
            return self._trunks[trunk].frozen(part.strategy for part in here)
        return sum(part.frozen_params for part in here), sum(part.frozen_macs for part in here)


def _trunk(parts: Sequence[Part]) -> Trunk:
    """Find what the strategies on a trunk leave frozen.

    Where at most one of them trains any of the backbone, the models' own counts say it all: what that one leaves
    frozen, the heads on the frozen backbone leave frozen too. Else the backbone is built on the meta device.
    """
    by_strategy = {part.strategy: part for part in parts}
    strategies = tuple(sorted(by_strategy, key=lambda name: (by_strategy[name].frozen_params, name)))
    training = [name for name in strategies if by_strategy[name].counts.trainable_backbone_params]
    if len(training) > 1:
        return _counted(parts[0].backbone, parts[0].image_size, strategies)
    params, macs = (
        _nested([getattr(by_strategy[name], quantity) for name in strategies])
        for quantity in ("frozen_params", "frozen_macs")
    )
    return Trunk(strategies, params, macs)


def _nested(frozen: Sequence[int]) -> Pieces:
    """Split quantities of which each contains those before it."""
    everyone = (1 << len(frozen)) - 1
    pieces: Pieces = {}
    for i, (less, more) in enumerate(zip([0, *frozen], frozen, strict=False)):
        pieces[everyone & ~((1 << i) - 1)] = more - less
    return pieces


@cache
def _counted(backbone: str, image_size: int, strategies: tuple[str, ...]) -> Trunk:
    from bench.classifier import bare_on_meta  # noqa: PLC0415 - torch is slow to import, and seldom needed here
    from bench.strategies import apply  # noqa: PLC0415 - the same

    library, _, architecture = backbone.partition("/")
    spec = BackboneSpec.model_validate({"library": library, "architecture": architecture})
    model, seen = bare_on_meta(spec, image_size)
    choices = [apply(model, strategy).trainable_backbone for strategy in strategies]
    params: Pieces = {}
    for name, parameter in model.backbone.named_parameters():
        frozen = sum(1 << i for i, trainable in enumerate(choices) if name not in trainable)
        params[frozen] = params.get(frozen, 0) + parameter.numel()
    return Trunk(strategies, params, seen.frozen_by(choices))
