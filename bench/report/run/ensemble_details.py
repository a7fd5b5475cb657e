"""All that is known of one ensemble, as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.records.ensembles import Ensemble, Gain
from bench.report.board.ensembled import metrics_columns
from bench.store.rows import RunRow

_OF_A_MEMBER = (
    "run_id", "backbone", "strategy", "recipe_name", "seed", "image_size", "val_top1", "val_loss", "test_top1",
    "test_loss", "total_params", "trainable_params", "gmacs",
)  # fmt: skip


@dataclass(frozen=True)
class EnsembleDetails:
    """One ensemble with its members' rows, in its order; `gain` is None where predictions are gone."""

    ensemble: Ensemble
    members: Sequence[RunRow]
    gain: Gain | None = None

    @property
    def is_one(self) -> bool:
        """Whether the rule left a single run, which is no ensemble."""
        return len(self.members) == 1

    @property
    def apart(self) -> tuple[int, float]:
        """Parameters and gmacs of the members without anything shared."""
        return sum(row.total_params for row in self.members), sum(row.gmacs for row in self.members)


def ensemble_record(details: EnsembleDetails) -> dict[str, Any]:
    """Return an ensemble as plain data; what is not finite is None. A single run has no ensemble's id."""
    made = details.ensemble
    plain = {
        field.name: getattr(made, field.name)
        for field in dataclasses.fields(made)
        if field.name not in {"members", "val", "test"}
    }
    params, gmacs = details.apart
    return {
        "ensemble_id": None if details.is_one else made.ensemble_id,
        **plain,
        "chosen_on_val": made.chosen_on_val,
        **metrics_columns("val", made.val),
        **metrics_columns("test", made.test),
        "members": [
            {**{name: getattr(row, name) for name in _OF_A_MEMBER}, "weight": member.weight}
            for row, member in zip(details.members, made.members, strict=True)
        ],
        "members_total_params": params,
        "members_gmacs": gmacs,
        "gain": dataclasses.asdict(details.gain) if details.gain else None,
    }
