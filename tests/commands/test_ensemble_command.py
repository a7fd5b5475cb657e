"""`bench ensemble` on real runs: swept on digits, combined, listed, shown, ranked and reported."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
from command_line import bench, refused
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.utils.extmath import softmax

from bench.store.artifacts import Artifacts
from bench.store.store import Store

SMALL = ("--image-size", 16, "--epochs", 2, "--set", "lr=3e-3")


@pytest.fixture(scope="module")
def swept(tmp_path_factory, tiny_folder):
    """Real runs: two heads and one that trains a block on the same weights, a head on others, other images."""
    from checkpoints import RESNET, library_model
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("ensembles")
    save_file(library_model(RESNET).state_dict(), folder / "weights.safetensors")
    resnet = f"test_resnet@file:{folder / 'weights.safetensors'}"
    db = ("--db", folder / "runs.db")
    for words in (
        ("-d", "digits", "-m", resnet, "-s", "linear", "--seeds", 2),
        ("-d", "digits", "-m", resnet, "-s", "last_blocks(1)"),
        ("-d", "digits", "-m", "timm/test_efficientnet@none", "-s", "last_blocks(1)"),
        ("-d", f"folder:{tiny_folder}", "-m", "timm/test_efficientnet@none", "-s", "linear"),
    ):
        ended = bench("sweep", *words, *db, *SMALL)
        assert ended.code == 0, ended
    return folder


@pytest.fixture
def db(swept, tmp_path):
    shutil.copytree(swept, tmp_path / "copy")
    return tmp_path / "copy" / "runs.db"


def rows_of(db):
    with Store.open(db, create=False) as store:
        return store.rows()


def digits_of(db):
    return [row for row in rows_of(db) if row.dataset == "digits"]


def test_a_soft_vote_of_real_runs_is_what_scikit_learn_makes_of_their_logits(db):
    rows = digits_of(db)[:3]
    found = bench("ensemble", *(row.run_id[:10] for row in rows), "--db", db, "--json").data
    with Store.open(db) as store:
        kept = [Artifacts.beside(store.location).predictions(row.run_id) for row in rows]
    for split in ("val", "test"):
        said = [getattr(each, split) for each in kept]
        mean = np.mean([softmax(each.logits.astype(float)) for each in said], axis=0)
        labels = said[0].labels
        assert found[f"{split}_top1"] == pytest.approx(accuracy_score(labels, mean.argmax(axis=1)))
        assert found[f"{split}_loss"] == pytest.approx(log_loss(labels, mean, labels=range(10)), rel=1e-6)
        assert found[f"{split}_macro_f1"] == pytest.approx(f1_score(labels, mean.argmax(axis=1), average="macro"))
    assert [member["weight"] for member in found["members"]] == pytest.approx([1 / 3] * 3)


def test_a_frozen_trunk_that_real_runs_share_is_counted_once(db):
    heads = [row for row in digits_of(db) if row.strategy == "linear"]
    block = next(row for row in digits_of(db) if row.strategy != "linear" and "resnet" in row.backbone)
    runs = [row.run_id for row in (*heads, block)]
    found = bench("ensemble", *runs, "--db", db, "--json").data
    one = heads[0]
    frozen = one.total_params - one.trainable_params
    assert found["total_params"] == frozen + 2 * one.trainable_params + block.trainable_params
    assert found["members_total_params"] == 3 * one.total_params
    compute = one.gmacs + (one.gmacs - one.frozen_gmacs) + (block.gmacs - block.frozen_gmacs)
    assert found["gmacs"] == pytest.approx(compute, abs=1e-9)


def test_weighted_validates_no_worse_than_any_member(db):
    found = bench(
        "ensemble", *(row.run_id for row in digits_of(db)), "--rule", "weighted", "--db", db, "--json"
    ).data
    assert found["val_loss"] <= min(row.val_loss for row in digits_of(db)) + 1e-9
    assert found["chosen_on_val"]


def test_the_table_says_everything(db):
    runs = [row.run_id for row in digits_of(db)[:2]]
    text = bench("ensemble", *runs, "--db", db, "--rule", "hard").stdout
    for part in ("Members", "Results", "Against its best member", "As one model"):
        assert f"\n{part}\n" in text
    assert "hard vote of 2 runs on digits" in text
    assert "has no probabilities, so no loss" in text
    assert "No model was run" in text
    assert "what is shared counts once" in text


def test_an_ensemble_is_listed_shown_ranked_and_reported(db, tmp_path):
    runs = [row.run_id for row in digits_of(db)[:3]]
    made = bench("ensemble", *runs, "--db", db, "--json").data
    assert bench("ensemble", *reversed(runs), "--db", db, "--json").data == made
    assert [each["ensemble_id"] for each in bench("ensembles", "--db", db, "--json").data] == [made["ensemble_id"]]
    assert made["ensemble_id"][:12] in bench("ensembles", "--db", db).stdout
    assert bench("ensembles", "--db", db, "--dataset", "cub").stdout.startswith("No ensembles.")
    assert bench("show", made["ensemble_id"][:9], "--db", db, "--json").data == made
    assert bench("show", made["ensemble_id"], "--db", db).stdout.startswith(made["ensemble_id"])
    ranked = bench("leaderboard", "--db", db, "--dataset", "digits", "--json").data
    (row,) = [row for row in ranked if row["ensemble"]]
    assert (row["group_id"], row["val_top1"]) == (made["ensemble_id"], made["val_top1"])
    assert "ensemble of 3" in bench("leaderboard", "--db", db).stdout
    assert bench("report", "--db", db, "-o", tmp_path / "r.html").code == 0
    assert "ensemble of 3" in (tmp_path / "r.html").read_text()


def test_what_takes_a_run_says_of_an_ensemble_what_it_is_and_names_its_runs(db, tmp_path):
    runs = [row.run_id for row in digits_of(db)[:2]]
    made = bench("ensemble", *runs, "--db", db, "--json").data["ensemble_id"][:12]
    image = tmp_path / "image.png"
    image.write_bytes(b"")
    mapping = tmp_path / "map.toml"
    mapping.write_text("")
    for words in (
        ("look", made),
        ("mistakes", made),
        ("predict", made, image),
        ("explain", made, image),
        ("transfer", made, "--dataset", "digits", "--label-map", mapping),
    ):
        said = refused(*words, "--db", db)
        assert f"{made!r} is an ensemble, not a run." in said, words
        assert all(run[:12] in said for run in runs)
        assert f"bench show {made}" in said


def test_a_page_of_a_run_without_its_predictions_says_so(db, tmp_path):
    row = digits_of(db)[0]
    with Store.open(db) as store:
        Artifacts.beside(store.location).predictions_path(row.run_id).unlink()
    assert bench("report", "--db", db, "-o", tmp_path / "site").code == 0
    page = (tmp_path / "site" / "runs" / f"{row.run_id[:16]}.html").read_text()
    assert f"The predictions of run {row.run_id[:12]} are missing. There is no file" in page
    whole = (tmp_path / "site" / "runs" / f"{digits_of(db)[1].run_id[:16]}.html").read_text()
    assert "are missing" not in whole


def test_an_ensemble_is_shown_without_the_predictions_but_for_the_comparison(db):
    made = bench("ensemble", *(row.run_id for row in digits_of(db)[:2]), "--db", db, "--json").data
    shutil.rmtree(f"{db}.files")
    assert bench("show", made["ensemble_id"], "--db", db, "--json").data == {**made, "gain": None}
    assert "Not compared" in bench("show", made["ensemble_id"], "--db", db).stdout


def test_greedy_takes_a_pool_of_a_task_and_keeps_its_budget(db):
    limit = max(row.total_params for row in digits_of(db)) + 5000
    words = ("ensemble", "--pool", "--dataset", "digits", "--budget", f"total<={limit}", "--db", db)
    found = bench(*words, "--json").data
    assert found["rule"] == "greedy"
    assert found["request"]["candidates"] == len(digits_of(db))
    assert found["total_params"] <= limit
    assert found["val_top1"] >= max(row.val_top1 for row in digits_of(db))


def test_a_pool_of_one_runs_test_set_leaves_other_datasets_out(db):
    run = next(row for row in digits_of(db) if row.strategy != "linear").run_id[:12]
    found = bench("ensemble", run, "--pool", "--rule", "soft", "--strategy", "linear", "--db", db, "--json").data
    assert {member["strategy"] for member in found["members"]} == {"linear"}
    assert found["dataset"] == "digits"


def test_what_validation_leaves_alone_is_no_ensemble_and_no_row(db):
    least = min(row.trainable_params for row in digits_of(db))
    ended = bench("ensemble", "--pool", "--dataset", "digits", "--budget", f"trainable<={least}", "--db", db)
    assert ended.code == 0
    assert ended.stdout.startswith("one run  greedy choice of 1 run out of 4 on digits")
    assert "nothing was recorded" in ended.stdout
    assert bench("ensembles", "--db", db, "--json").data == []


def test_a_run_of_the_pool_without_predictions_is_left_out_and_said(db):
    row = digits_of(db)[0]
    with Store.open(db) as store:
        Artifacts.beside(store.location).predictions_path(row.run_id).unlink()
    ended = bench("ensemble", "--pool", "--dataset", "digits", "--rule", "soft", "--db", db, "--json")
    assert row.run_id not in {member["run_id"] for member in ended.data["members"]}
    assert ended.stderr.startswith(f"note: Left out: The predictions of run {row.run_id[:12]} are missing.")
    assert "are missing" in refused("ensemble", row.run_id, digits_of(db)[1].run_id, "--db", db)


def test_runs_of_different_datasets_are_refused(db):
    other = next(row for row in rows_of(db) if row.dataset != "digits")
    said = refused("ensemble", digits_of(db)[0].run_id, other.run_id, "--db", db)
    assert "dataset: digits" in said
    assert other.run_id[:8] in said
    assert "bench leaderboard" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "There is no run"),
        (("zzzz",), "No run begins with"),
        (("",), "RUNS is empty"),
        (("--rule", "mean"), "Unknown rule 'mean'"),
        (("--pool", "--dataset", "digts"), "Did you mean digits"),
        (("--pool", "--budget", "lots"), "Unknown budget"),
        (("--pool",), "not evaluated on the same images"),
        (("--pool", "--rule", "soft", "--most", "2"), "--most does not go with --rule soft"),
        (("--dataset", "digits"), "--dataset does not go with runs that are named"),
        (("--pool", "aa", "bb"), "--pool takes one run at most"),
        (("--pool", "--dataset", "digits", "--budget", "1K"), "None of the 4 runs fits"),
        (("--pool", "--most", "1"), "--most"),
    ],
)
def test_bad_input_is_an_error_in_three_parts(swept, words, said):
    assert said in refused("ensemble", *words, "--db", swept / "runs.db")


def test_no_torch_is_imported_where_no_model_has_to_be_counted(swept):
    runs = [row.run_id for row in digits_of(swept / "runs.db") if row.strategy == "linear"]
    code = (
        "import sys; from bench.commands.ensemble import ensemble; "
        f"ensemble(runs={runs!r}, db={str(swept / 'runs.db')!r}); "
        "sys.exit(' '.join({'torch', 'timm', 'pandas', 'plotly'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
