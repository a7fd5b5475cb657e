"""Count several trained models as one: what they share is counted once.

Models whose backbone starts from the same weights, sees the same images and computes in the same precision stand
on one trunk. A parameter that is frozen in several of them has one value, which is kept once; a matrix product
that no trainable parameter reaches gives the same numbers in each of them, and is computed once. So heads on one
frozen backbone cost one backbone and their heads, and after `norm` or `bitfit`, where early layers train, weights
are shared but hardly any compute. Models whose norm statistics moved share nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bench.records.runs import Counts
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
    def macs(self) -> int:
        """Multiply-accumulates of one image."""
        return round(self.counts.gmacs * 1e9)

    @property
    def frozen_macs(self) -> int | None:
        """MACs that no trainable parameter reaches; None where the counts do not say.

        `Counts.frozen_gmacs` is what training computed once: 0 also where images change in every epoch.
        """
        if self.counts.frozen_gmacs or not self.frozen_params:
            return round(self.counts.frozen_gmacs * 1e9)
        return None


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
        self._parts = parts

    def counts(self, names: Iterable[str]) -> Counts:
        """Count models as one; `train_gmacs` is the sum of theirs, for they were trained apart.

        Raises BackboneError where a backbone has to be built to count it, and cannot be.
        """
        parts = [self._parts[name] for name in set(names)]
        on: dict[str, list[Part]] = {}
        for number, part in enumerate(parts):
            on.setdefault(part.trunk or f"alone {number}", []).append(part)
        once = [self._once(found) for found in on.values()]
        trained = sum(part.counts.trainable_params for part in parts)
        return Counts(
            total_params=sum(params for params, _ in once) + trained,
            trainable_params=trained,
            trainable_backbone_params=sum(part.counts.trainable_backbone_params for part in parts),
            gmacs=sum(macs for _, macs in once) / 1e9,
            train_gmacs=sum(round(part.counts.train_gmacs * 1e9) for part in parts) / 1e9,
        )

    def _once(self, parts: Sequence[Part]) -> tuple[int, int]:
        """Count the frozen parameters, and all MACs, of models on one trunk.

        Where at most one strategy trains any of the backbone, the models' own counts mostly say it: what that one
        leaves frozen, the others leave frozen too. Else the backbone is built on the meta device, once.
        """
        if len(parts) == 1:
            return parts[0].frozen_params, parts[0].macs
        frozen = [part.frozen_macs for part in parts]
        training = {part.strategy for part in parts if part.counts.trainable_backbone_params}
        if len(training) <= 1 and None not in frozen:
            known = [macs for macs in frozen if macs is not None]
            shared = max(part.frozen_params for part in parts), max(known)
        else:
            trunk = self._trunk(parts[0])
            known = [trunk.frozen([part.strategy])[1] for part in parts]
            shared = trunk.frozen(part.strategy for part in parts)
        return shared[0], shared[1] + sum(part.macs for part in parts) - sum(known)

    def _trunk(self, of: Part) -> Trunk:
        strategies = {part.strategy for part in self._parts.values() if part.trunk == of.trunk}
        return _counted(of.backbone, of.image_size, tuple(sorted(strategies)))


@cache
def _counted(backbone: str, image_size: int, strategies: tuple[str, ...]) -> Trunk:
    from bench.models.classifier import bare_on_meta  # noqa: PLC0415 - torch is slow to import, and seldom needed here
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
