"""`bench plan` and `bench backbones` over everything that is shipped, counted once for all of these tests."""

from __future__ import annotations

import fcntl

import pytest
from command_line import bench

from bench.plan.budget import QUANTITIES, parse_budget
from bench.registry.entries import BackboneEntry
from bench.registry.loading import Registry

JOINT = "total<=10M,trainable<=1M,gmacs<=0.5"
DEFAULT = {"linear", "last_blocks(1)+norm", "full"}


@pytest.fixture(scope="module", autouse=True)
def everything(bench_home):
    """The whole registry within a joint budget on a dataset that is not here."""
    bench_home.mkdir(parents=True, exist_ok=True)
    with (bench_home / "counting.lock").open("w") as lock:  # another worker of xdist finds it counted
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = bench("plan", "--dataset", "cub", "--budget", JOINT, "--all", "--json")
    assert (ended.code, ended.stderr) == (0, "")
    return ended.data


def pairs(rows):
    return {(row["backbone"], row["strategy"]) for row in rows}


def shipped():
    return Registry.load().all(BackboneEntry)


def test_every_row_that_fits_keeps_every_limit_and_every_other_says_which_it_breaks(everything):
    limits = parse_budget(JOINT).limits
    assert everything["budget"] == JOINT
    assert everything["runs"]
    for row in everything["runs"]:
        assert all(row[QUANTITIES[quantity]] <= limit for quantity, limit in limits), row
    for row in everything["rejected"]:
        if row["reason"] == "has no pretrained weights: only scratch makes sense":
            continue
        broken = {quantity for quantity, limit in limits if row["counts"][QUANTITIES[quantity]] > limit}
        assert {part.split()[0] for part in row["reason"].split("; ")} == broken != set(), row


def test_every_backbone_fits_or_is_rejected_under_each_default_strategy(everything):
    fits, rejected = pairs(everything["runs"]), pairs(everything["rejected"])
    assert fits.isdisjoint(rejected)
    assert fits | rejected == {(entry.name, strategy) for entry in shipped() for strategy in DEFAULT}


def test_without_being_told_a_plan_takes_about_eight_backbones_of_as_many_families():
    data = bench("plan", "--dataset", "cub", "--budget", "10M", "--json").data
    families = {row["backbone"]: row["family"] for row in data["runs"]}
    assert 6 <= len(families) <= 8
    assert len(set(families.values())) == len(families)
    assert {row["strategy"] for row in data["runs"]} == DEFAULT
    assert all(row["total_params"] <= 10_000_000 for row in data["runs"])
    left_out = {r["backbone"] for r in data["rejected"] if "not on the short list" in r["reason"]}
    assert left_out
    assert left_out.isdisjoint(families)


def test_what_fits_but_is_not_on_the_short_list_is_not_said_not_to_fit():
    text = bench("plan", "--dataset", "cub", "--budget", "10M", "--rejected", "--limit", "0").stdout
    assert "not on the short list (--all takes it)" in text
    assert "not fit" not in text


def test_the_default_list_of_backbones_is_the_registry_with_every_count():
    rows = bench("backbones", "--json").data
    assert [row["backbone"] for row in rows] == [entry.name for entry in shipped()]
    assert len(rows) >= 80
    assert all(row["params"] > 0 and row["gmacs"] > 0 and row["blocks"] > 0 for row in rows)


def test_the_short_list_is_what_the_registry_ranks():
    rows = bench("backbones", "--shortlist", "--json").data
    assert [row["backbone"] for row in rows] == [e.name for e in shipped() if e.shortlist is not None]
