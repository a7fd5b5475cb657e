"""How much has to be downloaded before a backbone can train."""

from __future__ import annotations

from bench.models.hub import hub_file
from bench.plan.backbones import Candidate
from bench.records.runs import Counts

BYTES_A_PARAMETER = 4


def download_bytes(candidate: Candidate, counts: Counts) -> int:
    """Estimate what has to be downloaded: the registry's figure, or four bytes a parameter; 0 where it is here."""
    if candidate.spec.weights.source != "hub" or hub_file(candidate.spec) is not None:
        return 0
    return candidate.download_bytes or BYTES_A_PARAMETER * counts.total_params
