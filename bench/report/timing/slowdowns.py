"""What became slower beyond the noise: two timings of the same cases, compared by medians and a bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.errors import BenchError
from bench.records.runs import Provenance
from bench.records.timings import Case, CaseTiming, Timing

THRESHOLD = 0.10
RESAMPLES = 2000
LEAST = 5
"""Fewer repetitions than this give no interval worth the name."""

_POWER_80 = 1.43
"""(1.96 + 0.84) / 1.96: so many half intervals above the threshold lies what is found in 8 of 10 cases."""

Verdict = Literal["slower", "faster", "same", "machine", "unclear"]
"""`machine`: the case took longer, and so did the reference workload beside it. `unclear`: the noise hides whether
it is slower by more than the threshold; `same` is said only where it is not."""

Floats = npt.NDArray[np.float64]


class Ratio(NamedTuple):
    """How many times as long it takes now, with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One case before and now: median seconds, the ratio of the medians, and the same in units of the reference.

    `time` is None where the two were measured on different machines, whose seconds do not compare. `detectable` is
    the ratio from which on a slowdown is called one in 8 of 10 comparisons as noisy as this one.
    """

    case: Case
    before_s: float
    now_s: float
    time: Ratio | None
    relative: Ratio
    verdict: Verdict
    detectable: float


def compare(before: Timing, now: Timing, threshold: float = THRESHOLD, *, force: bool = False) -> list[Comparison]:
    """Compare the cases that both timings have, in the order of `before`.

    A case is slower where the lower bounds of both ratios are above 1 + `threshold`: that of its time, and that of
    its time over the reference's, so that a machine which is busy now makes no case slow. It is not
    slower where one of the upper bounds is below, and else unclear. Of different machines only the second ratio is
    there. The intervals hold the noise within each timing, not what else changed on the machine between the two.
    Raises BenchError where they differ without `force`, and where no case is in both.
    """
    check_machine(before, now.provenance, force=force)
    found = {timed.case: timed for timed in now.cases}
    pairs = [(timed, found[timed.case]) for timed in before.cases if timed.case in found]
    if not pairs:
        raise BenchError(
            f"{before.name} and {now.name} have no case in common.",
            "Backbones, strategies, image sizes, batch sizes or precisions are all different.",
            f"Measure the same cases: bench timing --compare {before.name}",
        )
    seconds_compare = _machine(before.provenance) == _machine(now.provenance)
    return [_compare(*pair, threshold, seconds_compare=seconds_compare) for pair in pairs]


def check_machine(before: Timing, here: Provenance, *, force: bool = False) -> None:
    """Raise BenchError where a timing is of other hardware, or of another number of threads, unless forced."""
    ours, theirs = _machine(before.provenance), _machine(here)
    if ours != theirs and not force:
        raise BenchError(
            f"{before.name} was measured on another machine.",
            f"It is of {ours}; this is {theirs}. Their times do not compare.",
            "Measure a baseline here (bench timing --save NAME), or compare ratios to the reference only: --force",
        )


def medians_ratio(before: Floats, now: Floats, resamples: int = RESAMPLES) -> Ratio:
    """Divide the medians of two samples, and bound it by the 2.5 % and 97.5 % points of resampled ratios."""
    random = np.random.default_rng(0)  # the same samples always have the same interval

    def resampled(sample: Floats) -> Floats:
        picked = random.integers(0, len(sample), (resamples, len(sample)))
        return np.asarray(np.median(sample[picked], axis=1))

    ratios = resampled(now) / resampled(before)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return Ratio(float(np.median(now) / np.median(before)), float(low), float(high))


def median(samples: Sequence[float]) -> float:
    """Return the median of a case's seconds."""
    return float(np.median(samples))


def spread(samples: Sequence[float]) -> float:
    """Return half the distance between the quartiles, over the median: a share of it that noise takes."""
    low, middle, high = np.quantile(samples, (0.25, 0.5, 0.75))
    return float((high - low) / 2 / middle)


def changed_versions(before: Timing, now: Timing) -> list[str]:
    """Say which libraries, and which commit, differ between two timings."""
    ours = {**before.provenance.versions, "commit": (before.provenance.commit or "unknown")[:12]}
    theirs = {**now.provenance.versions, "commit": (now.provenance.commit or "unknown")[:12]}
    names = dict.fromkeys([*ours, *theirs])
    pairs = ((name, ours.get(name, "none"), theirs.get(name, "none")) for name in names)
    return [f"{name} {old} -> {new}" for name, old, new in pairs if old != new]


def missing(before: Timing, now: Timing) -> list[Case]:
    """List the cases that only one of two timings has."""
    one, other = ({timed.case for timed in timing.cases} for timing in (before, now))
    return sorted(one ^ other)


def count(found: Iterable[Comparison], verdict: Verdict) -> int:
    """Count the cases with a verdict."""
    return sum(compared.verdict == verdict for compared in found)


def _compare(before: CaseTiming, now: CaseTiming, threshold: float, *, seconds_compare: bool) -> Comparison:
    ours, theirs = np.array(before.samples), np.array(now.samples)
    time = medians_ratio(ours, theirs) if seconds_compare else None
    relative = medians_ratio(ours / np.array(before.reference), theirs / np.array(now.reference))
    seconds = (median(before.samples), median(now.samples))
    both = (time or relative, relative)
    detectable = max(_detectable(ratio, threshold) for ratio in both)
    return Comparison(before.case, *seconds, time, relative, _verdict(*both, threshold), detectable)


def _verdict(time: Ratio, relative: Ratio, threshold: float) -> Verdict:
    slow, fast = 1 + threshold, 1 / (1 + threshold)
    if min(time.low, relative.low) > slow:
        return "slower"
    if min(time.high, relative.high) > slow:
        return "unclear"
    if time.low > slow:
        return "machine"
    return "faster" if max(time.high, relative.high) < fast else "same"


def _detectable(ratio: Ratio, threshold: float) -> float:
    return float((1 + threshold) * (ratio.value / ratio.low) ** _POWER_80)


def _machine(provenance: Provenance) -> str:
    """Name the hardware and the threads; of a CPU the line says them already."""
    line, threads = provenance.hardware, provenance.threads
    return line if line.endswith(f"{threads} threads") else f"{line}, {threads} CPU threads"
