"""Backbones as rows of a list: counted without a head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.models.catalogue import catalogue
from bench.plan.backbones import Candidate
from bench.plan.budget import Budget
from bench.plan.count import BackboneCounts, Progress, count_all
from bench.records.runs import Counts


def backbone_rows(
    candidates: Sequence[Candidate], budget: Budget, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Count each candidate at its own image size; those over the budget are left out, broken ones say why."""
    sizes = {c.spec: catalogue().transform(c.spec).image_size for c in candidates if not c.error}
    counted = count_all([(spec.name, size) for spec, size in sizes.items()], ["linear"], progress)
    rows = []
    for candidate in candidates:
        spec, size = candidate.spec, sizes.get(candidate.spec, 0)
        counts = counted[spec.name, size] if size else BackboneCounts(error=candidate.error)
        gmacs = counts.macs / 1e9
        if budget.reasons(Counts(counts.params, 0, 0, gmacs, gmacs)):
            continue
        rows.append(
            {
                "backbone": spec.name,
                "family": candidate.family,
                "weights": spec.weights.tag or spec.weights.source,
                "params": counts.params,
                "gmacs": round(gmacs, 4),
                "px": size,
                "features": counts.features,
                "blocks": counts.blocks,
                "note": counts.error or candidate.note,
            }
        )
    return rows
