"""A joint run on its own test images, through a map: each head is what the run itself has measured of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import bench, refused

from bench.store.rows import RunRow
from bench.store.store import Store


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRow]:
    """A folder with a run on digits and whether they are even, and a map of each digit to itself."""
    folder = tmp_path_factory.mktemp("joint")
    parity = "".join(f'"{digit}" = "{"odd" if digit % 2 else "even"}"\n' for digit in range(10))
    (folder / "parity.toml").write_text(parity, encoding="utf-8")
    same = "".join(f'"{digit}" = "{digit}"\n' for digit in range(10))
    (folder / "same.toml").write_text("[map]\n" + same, encoding="utf-8")
    ended = bench("sweep", "-d", "digits", "--groups", f"parity={folder / 'parity.toml'}", "--target",
                  "label+parity", "--db", folder / "runs.db", "-m", "timm/test_efficientnet@none", "-s", "linear",
                  "--image-size", "32", "--epochs", "3")  # fmt: skip
    assert ended.code == 0, ended.stderr
    with Store.open(folder / "runs.db") as store:
        (row,) = store.rows()
    return folder, row


def asked(joint: tuple[Path, RunRow], *more: object) -> list[object]:
    folder, row = joint
    words = ("-d", "digits", "--db", folder / "runs.db", "--label-map", folder / "same.toml")
    return ["transfer", row.run_id, *words, *more]


def test_each_head_and_their_contradictions_are_what_the_run_measured(joint):
    folder, row = joint
    found = bench(*asked(joint, "--groups", f"parity={folder / 'parity.toml'}", "--json")).data["result"]
    with Store.open(folder / "runs.db") as store:
        heads = store.heads.of(row.run_id)
    own = {head.target: head for head in heads.metrics if head.split == "test"}
    assert [head["target"] for head in found["heads"]] == ["label", "parity"]
    for head in found["heads"]:
        (reading,) = head["readings"]
        assert reading["all"]["top1"] == pytest.approx(own[head["target"]].top1)
        assert reading["all"]["macro_f1"] == pytest.approx(own[head["target"]].macro_f1)
    (contradiction,) = found["contradictions"]
    (measured,) = [each for each in heads.contradictions if each.split == "test"]
    assert (contradiction["target"], contradiction["group_target"]) == ("label", "parity")
    assert contradiction["share"] == pytest.approx(measured.share)


def test_without_the_groups_the_head_that_needs_them_is_left_out_and_said(joint):
    found = bench(*asked(joint, "--json")).data["result"]
    assert [head["target"] for head in found["heads"]] == ["label"]
    (note,) = (note for note in found["notes"] if "The head parity is left out" in note)
    assert "--groups parity=FILE" in note


def test_another_dataset_than_the_run_s_is_refused_as_its_own(joint, tiny_folder):
    assert "is not the dataset that the run was trained on" in refused(
        *asked(joint, "--trained-on", f"folder:{tiny_folder}")
    )
