"""What `bench timing` measures: cases, and the seconds that each repetition of them took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.records.runs import Provenance

Kind = Literal["train step", "inference"]


@dataclass(frozen=True, order=True)
class Case:
    """What is repeated: a step of training, or a forward pass, on one batch of random images."""

    backbone: str
    strategy: str
    kind: Kind
    image_size: int
    batch_size: int
    precision: str = "fp32"


@dataclass(frozen=True)
class CaseTiming:
    """Seconds of each repetition, and of the reference workload just before it: pairs, in the order they came."""

    case: Case
    samples: tuple[float, ...]
    reference: tuple[float, ...]


@dataclass(frozen=True)
class Timing:
    """Cases measured together, under a name; `created_at` is seconds since 1970, 0 before it is stored."""

    name: str
    provenance: Provenance
    cases: tuple[CaseTiming, ...]
    created_at: float = 0.0


def cases_of(
    backbones: list[str], strategies: list[str], *, image_size: int, batch_size: int, precision: str
) -> list[Case]:
    """List the cases of some backbones and strategies: a train step, and inference of one image and of a batch."""
    work: tuple[tuple[Kind, int], ...] = (("train step", batch_size), ("inference", 1), ("inference", batch_size))
    found = [
        Case(backbone, strategy, kind, image_size, size, precision)
        for backbone in backbones
        for strategy in strategies
        for kind, size in work
    ]
    return list(dict.fromkeys(found))
