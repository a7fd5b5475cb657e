"""What is known of one evaluation of a run on another dataset: plain data, which the store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.records.runs import Provenance


@dataclass(frozen=True)
class Transfer:
    """One run evaluated on another dataset, through one label map.

    `label_map` says what was mapped to what and what of it is doubtful, `result` what was measured (see
    `bench.transfer.result`). `hardware` computed the scores. `created_at` is 0 until it is stored.
    """

    transfer_id: str
    run_id: str
    dataset: str
    fingerprint: str
    split: str
    images: int
    label_map: dict[str, Any]
    result: dict[str, Any]
    hardware: str
    provenance: Provenance
    created_at: float = 0.0

    @property
    def headline(self) -> list[dict[str, Any]]:
        """What each head measured, in each reading of the map, without its classes."""
        return [
            {"target": head["target"], "reading": reading["name"], **reading["all"]}
            for head in self.result["heads"]
            for reading in head["readings"]
        ]
