from __future__ import annotations

import pytest
from command_line import bench, refused

from bench.models.catalogue import catalogue
from bench.registry.entries import BackboneEntry
from bench.registry.loading import Registry


def listing(*words):
    ended = bench("backbones", *words, "--json")
    assert (ended.code, ended.stderr) == (0, "")
    return ended.data


def test_a_wildcard_lists_what_the_registry_does_not_name():
    names = [row["backbone"] for row in listing("timm/test_vit*")]
    assert names == catalogue().names("timm/test_vit*")
    assert set(names).isdisjoint(entry.name for entry in Registry.load().all(BackboneEntry))


def test_one_name_is_listed_with_its_counts_without_a_head():
    (row,) = listing("resnet18")
    assert row["backbone"] == "timm/resnet18"
    assert (row["params"], row["features"], row["blocks"]) == (11_176_512, 512, 8)
    text = bench("backbones", "resnet18").stdout
    assert "11,176,512" in text


def test_a_family_narrows_the_list():
    rows = listing("--family", "squeezenet")
    expected = [e.name for e in Registry.load().all(BackboneEntry) if e.family == "squeezenet"]
    assert [row["backbone"] for row in rows] == expected != []


def test_a_budget_leaves_out_what_is_larger():
    every = listing("timm/test_*")
    median = sorted(row["params"] for row in every)[len(every) // 2]
    small = listing("timm/test_*", "--budget", str(median))
    assert small == [row for row in every if row["params"] <= median]
    assert 0 < len(small) < len(every)


def test_what_a_plug_in_adds_is_listed_with_its_family_rank_and_note(tmp_path):
    text = '["timm/test_resnet"]\nfamily = "mine"\nshortlist = 9999\nnote = "my own"\n'
    (tmp_path / "backbones.toml").write_text(text, encoding="utf-8")
    (row,) = listing("--registry", tmp_path, "--family", "mine")
    assert (row["backbone"], row["note"]) == ("timm/test_resnet", "my own")
    assert listing("--registry", tmp_path, "--family", "mine", "--shortlist") == [row]


def test_a_list_without_a_row_says_so_on_stderr_and_stdout_stays_data():
    ended = bench("backbones", "timm/test_vit*", "--budget", "1K")
    assert (ended.code, ended.stdout, ended.stderr) == (0, "", "Nothing matches.\n")
    assert listing("timm/test_vit*", "--budget", "1K") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("timm/resnet81",), "Did you mean timm/resnet18"),
        (("timm/resnot*",), "quote it"),
        (("--budget", "10X"), "Cannot read the budget '10X'"),
        (("--budget", "mobil"), "Did you mean mobile"),
        (("--family", "efficientnetz"), "Did you mean efficientnet"),
        (("timm/test_vit*", "--family", "vit"), "Valid: test"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_an_error_in_three_parts_that_names_the_nearest(words, said):
    assert said in refused("backbones", *words)


@pytest.mark.parametrize("columns", [60, 80])
def test_on_a_narrow_terminal_no_number_is_torn(columns):
    (row,) = listing("resnet18")
    text = bench("backbones", "resnet18", columns=columns).stdout
    assert max(map(len, text.splitlines())) <= columns
    assert f"{row['params']:,}" in text
    assert str(row["gmacs"]) in text
