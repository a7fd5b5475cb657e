from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from bench.plan import count
from bench.plan.backbones import choose, listed
from bench.plan.budget import Budget
from bench.plan.catalogue_rows import backbone_rows
from bench.plan.count import BackboneCounts, KeptCounts, count_all, count_backbone, with_head

SMALL = ("timm/test_resnet", 64)
VIT = ("timm/test_vit", 160)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, with nothing counted yet."""
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    return tmp_path


class Heard(list):
    """What was told to a progress display."""

    def __call__(self, *told: object) -> None:
        self.append(told)


def test_what_was_counted_is_not_counted_again(home):  # noqa: ARG001 - starts empty
    first, second, third = Heard(), Heard(), Heard()
    counted = count_all([SMALL, VIT, SMALL], ["linear"], first)
    assert first == [(1, 2, SMALL[0]), (2, 2, VIT[0])]
    assert count_all([SMALL, VIT], ["linear"], second) == counted
    assert second == []
    more = count_all([SMALL], ["norm", "full"], third)
    assert third == [(1, 1, SMALL[0])]
    assert more[SMALL].strategies.keys() == {"linear", "norm", "full"}


def test_counts_of_other_versions_of_the_libraries_are_not_taken(home):
    count_all([SMALL], ["linear"])
    (kept,) = (home / "counts").iterdir()
    for library in ("timm", "torchvision", "torch"):
        older = kept.rename(kept.with_name(kept.name.replace(f"{library}-{version(library)}", f"{library}-0.1")))
        assert older != kept
        heard = Heard()
        count_all([SMALL], ["linear"], heard)
        assert len(heard) == 1


def test_the_same_model_at_another_size_is_another_model(home):  # noqa: ARG001 - starts empty
    counted = count_all([SMALL, (SMALL[0], 96)], ["linear"])
    assert counted[SMALL].params == counted[SMALL[0], 96].params
    assert counted[SMALL].macs < counted[SMALL[0], 96].macs


def test_many_backbones_are_counted_by_several_processes_as_by_one(home, monkeypatch):  # noqa: ARG001 - starts empty
    monkeypatch.setattr(count, "PARALLEL_FROM", 2)
    heard = Heard()
    together = count_all([SMALL, VIT, ("timm/no_such_model", 64)], ["linear", "full"], heard)
    assert [done for done, *_ in heard] == [1, 2, 3]
    assert together[SMALL] == count_backbone(*SMALL, ["linear", "full"])
    assert together[VIT] == count_backbone(*VIT, ["linear", "full"])
    assert "Unknown backbone" in together["timm/no_such_model", 64].error


@pytest.mark.parametrize("content", ["", "{", "[]", '{"timm/test_resnet@64": 3}', '{"timm/test_resnet@x": {}}'])
def test_damaged_kept_counts_are_counted_anew(home, content):  # noqa: ARG001 - starts empty
    path = KeptCounts().path
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert count_all([SMALL], ["linear"])[SMALL].params > 0
    assert json.loads(path.read_text())


def test_two_processes_that_count_at_once_keep_each_others_counts(home):  # noqa: ARG001 - starts empty
    one, other = KeptCounts(), KeptCounts()
    one.add(SMALL, BackboneCounts(1, 2, 3, 4, {"linear": (0, 2, 2)}))
    other.add(SMALL, BackboneCounts(1, 2, 3, 4, {"full": (1, 6, 0)}))
    other.add(VIT, BackboneCounts(error="impossible"))
    one.save()
    other.save()
    kept = KeptCounts()
    assert kept.counts[SMALL].strategies == {"linear": (0, 2, 2), "full": (1, 6, 0)}
    assert kept.covers(VIT, ["linear"])


def test_a_home_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "file"))
    assert count_all([SMALL], ["linear"])[SMALL].params > 0


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("timm/resnet19", 224, "Unknown backbone 'timm/resnet19'"),
        ("timm/mobilenetv5_300m_enc", 224, "has no classifier"),
        ("torchvision/vit_b_32", 100, "cannot be built for 100 pixels"),
        ("timm/vgg11", 16, "Error"),
    ],
)
def test_an_architecture_that_cannot_be_built_or_run_is_counted_as_why(name, size, reason):
    counts = count_backbone(name, size, ["linear"])
    assert reason in counts.error
    assert with_head(counts, "linear", ["linear"], 10) == counts.error


def test_a_strategy_that_is_impossible_for_a_backbone_says_why():
    counts = count_backbone(*SMALL, ["last_blocks(50)", "linear"])
    assert f"has {counts.blocks}" in with_head(counts, "last_blocks(50)", ["linear"], 10)
    assert with_head(counts, "linear", ["linear"], 10).trainable_backbone_params == 0


def test_backbones_are_listed_without_a_head_and_those_over_the_budget_not_at_all(registry):
    chosen = choose(registry, ["timm/test_resnet", "timm/test_vit", "vgg11"])
    rows = backbone_rows(chosen, Budget((("total", 1e6),)))
    assert [row["backbone"] for row in rows] == ["timm/test_resnet", "timm/test_vit"]
    assert rows[0]["params"] == count_backbone("timm/test_resnet", rows[0]["px"], ["linear"]).params
    (vgg,) = backbone_rows(chosen[2:], Budget())
    assert vgg["params"] == 9_220_480
    assert "132.9M" in vgg["note"]


def test_a_backbone_that_is_not_there_is_listed_with_why(tmp_path):
    from bench.registry.loading import Registry

    (tmp_path / "backbones.toml").write_text('["timm/of_tomorrow"]\nfamily = "new"\n')
    registry = Registry()
    registry.add_folder(tmp_path, plugin=True)
    (row,) = backbone_rows(listed(registry), Budget((("total", 1e6),)))
    assert "Unknown backbone 'timm/of_tomorrow'" in row["note"]


def test_planning_what_is_known_imports_no_torch(plan, bench_home):
    plan(["resnet18"], ["linear", "last_blocks(1)+norm", "full"], overrides={"image_size": 224})
    code = """
import sys
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.plan.asked import Asked
from bench.plan.request import dataset_spec, plan_for
entry = DatasetEntry(name="any", reader="cub", num_classes=10)
asked = Asked(backbones=["resnet18"], image_size=224)
print(len(plan_for(Registry.load(), entry, dataset_spec(entry, None, None), asked).choices))
print([name for name in ("torch", "timm", "torchvision") if name in sys.modules])
"""
    environment = {**os.environ, "BENCH_HOME": str(bench_home)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["3", "[]"]
