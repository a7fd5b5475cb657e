"""`bench tune` from its words to its result: trials that are ordinary runs, and what it says of them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import bench, refused

from bench.store.store import Store

Maker = Callable[..., Any]
COMMAND = (
    "tune", "-d", "digits", "-m", "timm/test_efficientnet@none", "-s", "linear", "--image-size", 32, "--epochs", 3,
    "--trials", 6,
)  # fmt: skip
NETS = "timm/test_efficientnet@none,timm/test_resnet@none"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A search of six trials on digits: its database, and how it ended."""
    db = tmp_path_factory.mktemp("digits") / "runs.db"
    ended = bench(*COMMAND, "--json", "--db", db)
    assert ended.code == 0, ended.stderr
    return db, ended


def test_every_trial_is_an_ordinary_run_that_is_done(digits: tuple[Any, Any]) -> None:
    db, ended = digits
    with Store.open(db) as store:
        rows = {row.run_id: row for row in store.rows()}
        assert {row.status for row in rows.values()} == {"done"}
        assert {trial["run_id"] for trial in ended.data["trials"]} == rows.keys()
        (sweep,) = store.sweeps()
        assert sweep.planned == sweep.done == 6
        assert {row.run_id for row in store.rows(sweep=sweep.id)} == rows.keys()
    for trial in ended.data["trials"]:
        assert trial["value"] == rows[trial["run_id"]].val_top1
        assert trial["state"] == "done"
    shown = bench("show", ended.data["best"]["run_id"][:10], "--db", db)
    assert "dropout(" in shown.stdout


def test_the_best_trial_is_the_best_on_validation(digits: tuple[Any, Any]) -> None:
    _, ended = digits
    values = [trial["value"] for trial in ended.data["trials"]]
    best = ended.data["best"]
    assert best["value"] == max(values)
    assert best["number"] == values.index(max(values))
    assert "6 trials: 6 done." in ended.stderr
    trials = "\n".join(line for line in ended.stderr.splitlines() if line.startswith("trial "))
    assert trials.count("best val") == 6
    assert "test" not in trials.replace("test_efficientnet", "")


def test_the_command_it_ends_with_repeats_the_best_trial(digits: tuple[Any, Any]) -> None:
    db, ended = digits
    best = ended.data["best"]
    words = shlex.split(best["command"])
    assert words[:2] == ["bench", "sweep"]
    assert words[-2:] == ["--seeds", "3"]
    again = bench(*words[1:-1], "1")
    assert again.code == 0, again.stderr
    assert "1 run: 1 done before." in again.stderr
    with Store.open(db) as store:
        assert len(store.rows()) == 6


@pytest.mark.parametrize("columns", [40, 100])
def test_the_command_to_repeat_the_best_trial_is_one_line_at_every_width(
    digits: tuple[Any, Any], columns: int
) -> None:
    db, ended = digits
    again = bench(*COMMAND, "--db", db, columns=columns)
    assert ended.data["best"]["command"] in again.stdout.splitlines()


def test_the_same_command_again_trains_nothing_and_more_trials_go_on(digits: tuple[Any, Any]) -> None:
    db, first = digits
    words = [
        "tune", "-d", "digits", "-m", "timm/test_efficientnet@none", "-s", "linear", "--image-size", 32,
        "--epochs", 3, "--db", db, "--json", "--trials",
    ]  # fmt: skip
    again = bench(*words, 6)
    assert again.data == first.data
    more = bench(*words, 7)
    assert more.data["study"] == first.data["study"]
    assert more.data["trials"][:6] == first.data["trials"]
    assert len(more.data["trials"]) == 7


def test_the_leaderboard_says_how_many_configurations_were_tried(digits: tuple[Any, Any]) -> None:
    db, ended = digits
    tried = len(ended.data["trials"])
    rows = json.loads(bench("leaderboard", "--db", db, "--json").stdout)
    assert {row["tried"] for row in rows} <= {tried, tried + 1}
    assert " tried " in bench("leaderboard", "--db", db).stdout


def test_the_list_has_each_study_with_its_best(digits: tuple[Any, Any]) -> None:
    db, ended = digits
    (study,) = bench("tune", "--list", "--db", db, "--json").data
    assert study["study"] == ended.data["study"]
    assert study["space"] == ended.data["space"]
    assert study["best"]["run_id"] == ended.data["best"]["run_id"]
    assert ended.data["study"] in bench("tune", "--list", "--db", db).stdout


def test_a_seed_decides_what_is_proposed(tunings: Maker) -> None:
    found = []
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        place = tunings(name, "--trials", "3", "--seed", str(seed))
        assert place.call().code == 0
        found.append([(trial["settings"], trial["value"]) for trial in place.trials()])
    assert found[0] == found[1] != found[2]


def test_trials_asked_for_together_train_together_and_are_told_alike(tunings: Maker) -> None:
    place = tunings("together", "--trials", "6", "--together", "3", "--sampler", "random")
    alone = tunings("alone", "--trials", "6", "--sampler", "random")
    assert place.call().code == alone.call().code == 0
    ours, theirs = place.trials(), alone.trials()
    assert [t["settings"] for t in ours] == [t["settings"] for t in theirs]  # random: whatever was told before
    assert [t["value"] for t in ours] == pytest.approx([t["value"] for t in theirs])


def test_what_is_out_of_the_budget_is_told_so_and_not_trained(tunings: Maker) -> None:
    place = tunings(
        "budget", "--trials", "4", "--budget", "gmacs<=0.01", "--space", "image_size=32,128", "--space", "lr=log"
    )
    place.options.remove("--image-size")
    place.options.remove("32")
    ended = place.call("--json")
    assert ended.code == 0, ended.stderr
    left_out = [trial for trial in ended.data["trials"] if trial["state"] == "infeasible"]
    done = [trial for trial in ended.data["trials"] if trial["state"] == "done"]
    assert len(done) == 4
    assert left_out
    assert all(trial["settings"]["image_size"] == 128 and "gmacs" in trial["reason"] for trial in left_out)
    assert len(place.rows()) == 4
    assert f"{len(left_out)} out of the budget" in ended.stderr


def test_nothing_that_fits_is_said_before_anything_is_proposed(tunings: Maker) -> None:
    place = tunings("nothing", "--budget", "1K")
    assert "Nothing fits the budget 1K." in refused(*place.words())
    assert bench("tune", "--list", "--json", "--db", place.db).data == []


def test_pruned_trials_end_at_a_rung_and_optuna_hears_what_they_reached(tunings: Maker) -> None:
    import optuna

    from bench.tune.storage import optuna_storage

    place = tunings(
        "prune", "--trials", "8", "--prune", "--sampler", "random", "--metric", "val_loss",
        "--set", "select=val_loss", "--set", "early_stopping=null",
    )  # fmt: skip
    ended = place.call("--epochs", "4", "--json")
    assert ended.code == 0, ended.stderr
    pruned = [trial for trial in ended.data["trials"] if trial["state"] == "pruned"]
    assert pruned
    rows = place.rows()
    assert all(rows[trial["run_id"]]["status"] == "pruned" for trial in pruned)
    assert all(rows[trial["run_id"]]["rung"] for trial in pruned)
    with Store.open(place.db) as store, optuna_storage(store.location) as storage:
        study = optuna.load_study(study_name=ended.data["study"], storage=storage)
        for trial in pruned:
            reached = study.trials[trial["number"]].intermediate_values
            epochs = store.epochs(trial["run_id"])
            assert reached == {len(epochs): min(epoch.val.loss for epoch in epochs)}
    assert ended.data["best"]["value"] == min(t["value"] for t in ended.data["trials"] if t["state"] == "done")
    assert ended.data["trials"] == place.call("--epochs", "4", "--json").data["trials"]


def test_a_diverged_trial_is_told_as_the_worst_and_the_search_goes_on(tunings: Maker) -> None:
    place = tunings(
        "wild",
        "--trials",
        "4",
        "--space",
        "lr=1e-3,1e30",
        "--space",
        "optimizer=sgd",
        "--set",
        "clip_grad_norm=null",
    )
    place.options[place.options.index("linear")] = "full"
    ended = place.call("--json")
    states = {trial["settings"]["lr"]: trial["state"] for trial in ended.data["trials"]}
    assert states == {1e-3: "done", 1e30: "diverged"}
    assert "Every point of the space has been tried." in ended.stderr


def test_a_run_that_fails_leaves_its_trial_open_and_the_same_command_tries_it_again(
    tunings: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tunings("failing", "--trials", "5")
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    in_the_way = tmp_path / "home" / "features"
    in_the_way.parent.mkdir()
    in_the_way.write_text("where kept features belong")
    ended = place.call()
    assert ended.code == 3, ended.stderr
    assert "3 trials failed one after another" in ended.stderr
    assert [trial["state"] for trial in place.trials()] == ["open"] * 3
    in_the_way.unlink()
    again = place.call()
    assert again.code == 0, again.stderr
    assert [trial["state"] for trial in place.trials()] == ["done"] * 5


def test_strategies_and_backbones_may_be_part_of_the_space(tunings: Maker) -> None:
    place = tunings("space", "--trials", "5", "--sampler", "random")
    del place.options[:4]
    ended = place.call(
        "--space", f"backbone={NETS}", "--space", "strategy=linear,last_blocks(1)", "--space", "lr=log", "--json"
    )
    assert ended.code == 0, ended.stderr
    assert ended.data["space"]["strategy"] == "linear,last_blocks(1)"
    assert ended.data["space"]["backbone"] == NETS
    assert {trial["settings"]["backbone"] for trial in ended.data["trials"]} <= set(NETS.split(","))
    best = shlex.split(ended.data["best"]["command"])
    assert bench(*best[1:-1], "1").stderr.endswith(f"1 run: 1 done before. Database: {place.db}\n")


def test_a_subset_is_searched_and_repeated_as_one(tunings: Maker) -> None:
    place = tunings("subset", "--trials", "2", "--subset", "train=20")
    ended = place.call("--json")
    assert ended.code == 0, ended.stderr
    assert {row["subset"] for row in place.rows().values()} == {"train=20"}
    words = shlex.split(ended.data["best"]["command"])
    assert bench(*words[1:-1], "1").stderr.endswith(f"1 run: 1 done before. Database: {place.db}\n")


def test_the_dry_run_shows_the_space_and_makes_no_database(tunings: Maker) -> None:
    place = tunings("dry")
    ended = place.call("--dry-run")
    assert ended.code == 0
    assert "log:0.0001..0.1" in ended.stdout
    assert not place.db.exists()


def test_the_time_limit_leaves_the_rest_for_later(tunings: Maker) -> None:
    place = tunings("hasty", "--trials", "3")
    ended = place.call("--time-limit", "0.001s")
    assert ended.code == 130
    assert "The same command goes on." in ended.stderr
    assert place.call().code == 0
    assert [trial["state"] for trial in place.trials()] == ["done"] * 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-d", "digits", "--space", "lrr=1"], "Did you mean lr?"),
        (["-d", "digits", "--space", ""], "--space is empty"),
        (["-d", "digits", "--metric", "test_top1"], "Valid: val_balanced_accuracy, val_loss, val_top1."),
        (["-d", "digits", "--sampler", "tpee"], "Did you mean tpe?"),
        (["-d", "digits", "--set", "lr=1,2"], "Search it instead: --space 'lr=1,2'"),
        (["-d", "digits", "--set", "lr=1", "--space", "lr=1,2"], "both searched and set"),
        (["-d", "digits", "-s", "linear", "--space", "strategy=full"], "--strategies and --space strategy both"),
        (["-d", "digits", "--recipe", "probe", "-s", "linear"], "L-BFGS has no use for lr"),
        (["-d", "digits", "--recipe", "defualt"], "Did you mean default?"),
        (["-d", "digits", "--trials", "0"], "--trials"),
        ([], "Add --dataset NAME"),
    ],
)
def test_a_mistake_is_three_sentences_and_leaves_nothing(
    words: list[str], says: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in refused("tune", *words)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_studies_lists_none(tmp_path: Any) -> None:
    Store.open(tmp_path / "runs.db").close()
    assert bench("tune", "--list", "--json", "--db", tmp_path / "runs.db").data == []
    assert "There is no database" in refused("tune", "--list", "--db", tmp_path / "no.db")
