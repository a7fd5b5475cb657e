"""All of timm, on demand: BENCH_ZOO=1 (about four minutes on two cores)."""

from __future__ import annotations

import os

import pytest

from bench.models.catalogue import catalogue
from bench.plan.backbones import choose
from bench.plan.count import count_all

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.environ.get("BENCH_ZOO") != "1", reason="counts 1,371 backbones: set BENCH_ZOO=1 to run it"
    ),
]

IMPOSSIBLE = "_enc"
"""timm's encoders that return feature maps have no classifier to take off."""


def test_every_architecture_of_timm_is_counted_or_says_why_not(registry):
    names = catalogue().names("timm/*")
    chosen = choose(registry, ["timm/*"])
    assert [c.spec.name for c in chosen] == names
    pairs = [(c.spec.name, catalogue().transform(c.spec).image_size) for c in chosen]
    counted = count_all(pairs, ["linear", "last_blocks(1)+norm", "full"])
    assert list(counted) == pairs
    broken = {name: counts.error for (name, _), counts in counted.items() if counts.error}
    assert all(name.endswith(IMPOSSIBLE) and "no classifier" in why for name, why in broken.items()), broken
    for (name, _), counts in counted.items():
        if name not in broken:
            assert counts.macs > 0, name
            assert counts.features > 0, name
            assert counts.blocks >= 2, name
            assert counts.strategies["linear"] == (0, counts.macs), name
            assert counts.strategies["full"][0] == counts.params, name
            assert 0 <= counts.strategies["last_blocks(1)+norm"][0] <= counts.params, name
