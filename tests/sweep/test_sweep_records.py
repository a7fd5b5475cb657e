"""A sweep leaves behind what was asked of it, so that every run can be traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.store.store import Store

ASKED = ("-m", "timm/test_efficientnet@none", "-s", "linear", "--image-size", "32", "--epochs", "1")


def test_a_sweeps_row_holds_the_request_and_the_same_sweep_is_one_row(sweeps: Callable[..., Any]) -> None:
    sweep = sweeps("asked", *ASKED, "--seeds", "2", "--limit", "1")
    assert [sweep.call()[0] for _ in range(2)] == [0, 0]
    with Store.open(sweep.db, create=False) as store:
        (row,) = store.sweeps()
        kept = store.sweep(row.id)
    assert len(kept.run_ids) == 1
    assert kept.request["asked"]["backbones"] == ["timm/test_efficientnet@none"]
    assert (kept.request["limit"], kept.request["seeds"], kept.request["prune"]) == (1, [0, 1], False)
    assert kept.request["dataset"]["fingerprint"]
    assert kept.request["recipes"][0]["overrides"] == {"epochs": 1, "image_size": 32}
