"""How fast planning is: `pytest --benchmark-only tests/benchmarks/test_plan.py`, with BENCH_ZOO=1 the zoo too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.plan.asked import Asked
from bench.plan.count import count_backbone
from bench.plan.request import dataset_spec, plan_for
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry

STRATEGIES = ["linear", "last_blocks(1)+norm", "full"]
zoo = pytest.mark.skipif(
    os.environ.get("BENCH_ZOO") != "1", reason="counts 1,371 backbones: set BENCH_ZOO=1 to run it"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with nothing counted yet, kept for all of these."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("home")
        patch.setenv("BENCH_HOME", str(path))
        yield path


def plan(*backbones: str):
    registry = Registry.load()
    entry = registry.get(DatasetEntry, "cub")
    asked = Asked(budget="10M", backbones=list(backbones), strategies=STRATEGIES)
    return plan_for(registry, entry, dataset_spec(entry, None, None), asked)


def plan_from_a_terminal(*backbones: str) -> None:
    """The same in a process of its own, as a user waits for it."""
    command = ["plan", "--dataset", "cub", "--budget", "10M", "--strategies", ",".join(STRATEGIES), "--backbones"]
    subprocess.run([sys.executable, "-m", "bench", *command, *backbones], check=True, stdout=subprocess.DEVNULL)


def test_count_a_backbone(benchmark):
    assert benchmark(count_backbone, "timm/efficientnet_b0", 224, STRATEGIES).blocks == 16


def test_plan_what_was_counted(benchmark, home):  # noqa: ARG001 - keeps the counts
    plan("efficientnet_b0", "resnet18")
    benchmark.pedantic(plan_from_a_terminal, ["efficientnet_b0,resnet18"], rounds=5)


@zoo
def test_count_the_whole_zoo(benchmark, home):  # noqa: ARG001 - starts empty
    made = benchmark.pedantic(plan, ["timm/*"], rounds=1)
    assert len({c.candidate.spec.name for c in made.choices} | {r.backbone for r in made.rejected}) > 1300


@zoo
def test_plan_the_whole_zoo_when_it_was_counted(benchmark, home):  # noqa: ARG001 - keeps the counts
    plan("timm/*")
    benchmark.pedantic(plan_from_a_terminal, ["timm/*"], rounds=3)
