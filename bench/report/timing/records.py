"""Timings and comparisons as plain data, for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.records.timings import Timing
from bench.report.timing.slowdowns import Comparison, Ratio, changed_versions, count, median


def timing_record(made: Timing) -> dict[str, Any]:
    """Return a timing with every sample; times are seconds."""
    cases = [
        {
            **asdict(timed.case),
            "median_s": median(timed.samples),
            "samples": timed.samples,
            "reference": timed.reference,
        }
        for timed in made.cases
    ]
    return {
        "name": made.name,
        "created_at": made.created_at,
        "provenance": asdict(made.provenance),
        "cases": cases,
    }


def comparison_record(
    before: Timing, now: Timing, found: Sequence[Comparison], threshold: float
) -> dict[str, Any]:
    """Return a comparison; `ratio` is of seconds (null between machines), `relative` is over the reference's.

    `detectable` is the ratio from which on a case so noisy is called slower in 8 of 10 comparisons.
    """
    return {
        "baseline": before.name,
        "now": now.name,
        "hardware": [before.provenance.hardware, now.provenance.hardware],
        "changed": changed_versions(before, now),
        "threshold": threshold,
        "slower": count(found, "slower"),
        "unclear": count(found, "unclear"),
        "cases": [_record(compared) for compared in found],
    }


def _record(compared: Comparison) -> dict[str, Any]:
    return {
        **asdict(compared.case),
        "baseline_s": compared.before_s,
        "now_s": compared.now_s,
        "ratio": _ratio(compared.time) if compared.time else None,
        "relative": _ratio(compared.relative),
        "verdict": compared.verdict,
        "detectable": compared.detectable,
    }


def _ratio(ratio: Ratio) -> dict[str, float]:
    return ratio._asdict()
