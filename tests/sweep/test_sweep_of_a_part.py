"""A sweep of a part of a dataset: exact counts, kept features of whole splits, a board that says which part."""

from __future__ import annotations

import pytest
from command_line import bench, refused

OPTIONS = [
    "--backbones",
    "timm/test_efficientnet@none",
    "--strategies",
    "linear",
    "--image-size",
    32,
    "--epochs",
    2,
]


@pytest.fixture(scope="module")
def swept(tiny_folder, tmp_path_factory):
    db = tmp_path_factory.mktemp("part") / "runs.db"
    words = ["sweep", "--dataset", f"folder:{tiny_folder}", *OPTIONS, "--db", db]
    for more in ([], ["--subset", "train=16,val=24"], ["--subset", "train=16,val=24"]):
        ended = bench(*words, *more)
        assert ended.code == 0, ended.stderr
    return db, ended


def test_a_part_has_exactly_so_many_images_and_is_a_run_of_its_own(swept):
    db, ended = swept
    assert "1 done before" in ended.stderr
    rows = bench("runs", "--db", db, "--json").data
    counts = {row["subset"]: (row["train_n"], row["val_n"], row["test_n"]) for row in rows}
    assert counts == {"": (43, 5, 20), "train=16,val=24": (16, 24, 20)}


def test_a_part_reads_the_features_that_the_whole_kept(swept):
    db, _ = swept
    rows = {row["subset"]: row for row in bench("runs", "--db", db, "--json").data}
    assert rows[""]["frontier"] == rows["train=16,val=24"]["frontier"] == "pooled"
    from bench.store.store import Store

    with Store.open(db) as store:
        cost = {row.subset: row.feature_s for row in store.rows()}
    assert cost["train=16,val=24"] == pytest.approx(cost[""] * (16 + 24 + 20) / (43 + 5 + 20))  # its own images


def test_a_part_has_a_board_of_its_own_whose_title_says_so(swept, tiny_folder):
    text = bench("leaderboard", "--db", swept[0]).stdout
    assert f"folder:{tiny_folder.name}, train=16,val=24  4 classes" in text
    assert f"folder:{tiny_folder.name}  4 classes" in text


def test_a_part_that_there_is_not_is_refused_by_plan_and_sweep(tiny_folder):
    for command in ("plan", "sweep"):
        words = [command, "--dataset", f"folder:{tiny_folder}", *OPTIONS, "--subset", "train=40,val=9"]
        assert "Cannot take train=40,val=9." in refused(*words)
