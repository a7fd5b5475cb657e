"""`bench reproduce` from end to end: real runs on a tiny stand-in, and every way to ask for what there is not."""

from __future__ import annotations

import shlex
import shutil

import pytest
from command_line import bench, refused

from bench.store.store import Store

RUNS = ["finetune", "freeze-all-but-head"]
STAND_IN = ["--backbone", "timm/test_resnet@none", "--image-size", 32, "--epochs", 1]


@pytest.fixture(scope="module")
def ask(tiny_folder, tmp_path_factory):
    """Reproduce two runs on the tiny folder, with the options given besides."""
    db = tmp_path_factory.mktemp("studies") / "runs.db"

    def asked(*more, runs=RUNS):
        words = [
            "cifar10-freeze-depth",
            "--runs",
            ",".join(runs),
            "--on",
            f"folder:{tiny_folder}",
            *STAND_IN,
            "--db",
            db,
            *more,
        ]
        return bench("reproduce", *words)

    asked.db = db
    return asked


@pytest.fixture(scope="module")
def ran(ask):
    ended = ask("--json")
    assert ended.code == 0, ended.stderr
    return ended


def rows(ask):
    with Store.open(ask.db) as store:
        return {row.run_id: row for row in store.rows()}


def test_a_stand_in_runs_and_every_row_of_its_table_says_so(ran, ask):
    (table,) = ran.data
    assert table["kind"] == "stand-in"
    assert {line["run"] for line in table["lines"]} == set(RUNS)
    assert {line["kind"] for line in table["lines"]} == {"stand-in"}
    assert all(line["measured"] is not None for line in table["lines"])
    text = ask("--report-only").stdout
    shown = [line for line in text.splitlines() if line.startswith(tuple(RUNS))]
    assert len(shown) == 8
    assert all("stand-in" in line for line in shown)
    assert "One seed: indicative" in text
    assert "batch-norm mode where layers are frozen" in text


def test_accuracies_of_four_classes_are_not_subtracted_from_those_of_ten(ran, ask):
    (line,) = [one for one in ran.data[0]["lines"] if (one["run"], one["figure"]) == ("finetune", "test_top1")]
    assert (line["difference"], line["apart"]) == (None, "other classes")
    assert "other classes" in ask("--report-only").stdout


def test_the_runs_are_those_that_the_study_describes(ran, ask):
    with Store.open(ask.db) as store:
        ids = {line["run"]: line["run_ids"] for line in ran.data[0]["lines"]}
        specs = {name: store.run(found[0]).spec for name, found in ids.items()}
    assert specs["finetune"].recipe.schedule.t_max == 200
    assert specs["finetune"].dataset.val_fraction == 0.2
    assert specs["freeze-all-but-head"].recipe.norm_stats == "update"
    assert specs["freeze-all-but-head"].recipe.head == ("linear",)


def test_a_study_that_is_done_is_not_run_again(ran, ask):
    before = rows(ask)
    again = ask("--json")
    assert "2 done before" in again.stderr
    assert again.data == ran.data
    assert rows(ask) == before


def test_the_sweep_records_the_study_and_which_run_is_which(ran, ask):
    with Store.open(ask.db) as store:
        record = store.sweep(store.sweeps()[0].id).request["study"]
    assert record["name"] == "cifar10-freeze-depth"
    assert record["runs"] == {line["run"]: line["run_ids"] for line in ran.data[0]["lines"]}


@pytest.mark.usefixtures("ran")
def test_more_seeds_join_the_row_and_another_setting_gets_a_table_of_its_own(ask):
    more = ask("--seeds", 2, "--json", runs=RUNS[:1])
    lines = {(line["run"], line["figure"]): line for line in more.data[0]["lines"]}
    assert lines["finetune", "test_top1"]["seeds"] == 2
    assert lines["freeze-all-but-head", "test_top1"]["seeds"] == 1
    other = ask("--set", "lr=1e-4", "--json")
    assert len(other.data) == 1
    stored = bench("reproduce", "cifar10-freeze-depth", "--report-only", "--json", "--db", ask.db).data
    assert [table["changes"].get("settings") for table in stored] == [None, ["lr=1e-4"]]


def test_a_dry_run_trains_nothing_and_has_the_ids_of_the_run(ran, ask):
    planned = ask("--dry-run", "--json")
    ids = {run["run"]: run["run_id"] for run in planned.data["runs"]}
    assert ids == {line["run"]: line["run_ids"][0] for line in ran.data[0]["lines"]}
    assert "stand-in" in ask("--dry-run").stdout


def test_backend_and_kept_numbers_are_part_only_of_runs_of_which_something_is_kept(tiny_folder, tmp_path):
    pytest.importorskip("openvino")
    names = ("b3-linear-uncached", "b3-linear-fine")
    words = ["cifar100-cached-heads", "--runs", ",".join(names), "--on", f"folder:{tiny_folder}", *STAND_IN]
    words += ["--db", tmp_path / "runs.db"]

    def ids(*more):
        ended = bench("reproduce", *words, "--dry-run", "--json", *more)
        return {run["run"]: run["run_id"] for run in ended.data["runs"]}

    ended = bench("reproduce", *words, "--backend", "openvino", "--cache-budget", "0")
    assert ended.code == 0, ended.stderr
    plain, asked = ids(), ids("--backend", "openvino", "--cache-dtype", "fp16")
    with Store.open(tmp_path / "runs.db") as store:
        assert {row.run_id: row.backend for row in store.rows()} == dict.fromkeys(plain.values(), "eager")
    assert ids("--backend", "openvino", "--cache-budget", "0") == plain
    assert [plain[name] == asked[name] for name in names] == [True, False]


def test_a_run_that_keeps_nothing_is_never_the_one_that_keeps_its_features(tiny_folder, tmp_path):
    words = ["cifar100-cached-heads", "--on", f"folder:{tiny_folder}", *STAND_IN, "--db", tmp_path / "runs.db"]
    ended = bench("reproduce", *words, "--runs", "b3-linear-uncached,b3-linear-fine", "--json")
    assert ended.code == 0, ended.stderr
    lines = {(line["run"], line["figure"]): line for line in ended.data[0]["lines"]}
    uncached, cached = (lines[name, "epoch_s"] for name in ("b3-linear-uncached", "b3-linear-fine"))
    assert uncached["run_ids"] != cached["run_ids"]
    assert uncached["measured"] > cached["measured"] > 0
    with Store.open(tmp_path / "runs.db") as store:
        frontiers = [store.run(line["run_ids"][0]).row.frontier for line in (uncached, cached)]
    assert frontiers == ["images", "pooled"]
    again = bench("reproduce", *words, "--runs", "b3-linear-uncached,b3-linear-fine", "--json")
    assert again.data == ended.data


def test_a_cached_run_without_room_says_that_its_time_is_not_that_of_kept_features(tiny_folder, tmp_path):
    words = ["cifar100-cached-heads", "--on", f"folder:{tiny_folder}", *STAND_IN, "--db", tmp_path / "runs.db"]
    ended = bench("reproduce", *words, "--runs", "b3-linear-fine", "--cache-budget", "0", "--json")
    (line,) = [line for line in ended.data[0]["lines"] if line["figure"] == "epoch_s"]
    assert "here nothing was kept" in line["notes"][-1]


def test_several_values_of_a_key_are_rows_of_one_table(ask):
    ended = ask("--set", "dropout=0.3,0.1", "--set", "label_smoothing=0.1", "--json", runs=RUNS)
    assert ended.code == 0, ended.stderr
    (table,) = ended.data
    of_test = [line for line in table["lines"] if line["figure"] == "test_top1"]
    assert [line["run"] for line in of_test] == [f"{run} dropout={rate}" for run in RUNS for rate in (0.3, 0.1)]
    assert [line["variant"] for line in of_test] == ["dropout=0.3", "dropout=0.1"] * 2
    assert len({line["run_ids"][0] for line in of_test}) == 4
    with Store.open(ask.db) as store:
        specs = [store.run(line["run_ids"][0]).spec for line in of_test]
    assert [spec.recipe.head[0] for spec in specs] == ["dropout(0.3)", "dropout(0.1)"] * 2
    assert {spec.recipe.label_smoothing for spec in specs} == {0.1}
    again = ask("--set", "dropout=0.3,0.1", "--set", "label_smoothing=0.1", "--json", runs=RUNS)
    assert "4 done before" in again.stderr
    assert again.data == ended.data


def test_names_that_changes_make_one_run_of_are_said_and_both_stay_in_the_table(tiny_folder, tmp_path):
    runs = "b2-last-block-dropout-0.5,b2-last-block-dropout-0.2"
    words = ["cub-10m", "--on", f"folder:{tiny_folder}", *STAND_IN, "--runs", runs, "--db", tmp_path / "runs.db"]
    ended = bench("reproduce", *words, "--set", "dropout=0.4", "--json")
    said = "b2-last-block-dropout-0.5 and b2-last-block-dropout-0.2 are one run"
    assert said in ended.stderr
    lines = [line for line in ended.data[0]["lines"] if line["figure"] == "test_top1"]
    assert [line["run"] for line in lines] == runs.split(",")
    assert all(any(said in note for note in line["notes"]) for line in lines)
    assert said in bench("reproduce", *words, "--set", "dropout=0.4", "--dry-run").stderr


def test_what_runs_trained_is_kept_where_it_is_asked_for(tiny_folder, tmp_path):
    words = ["cifar10-freeze-depth", "--runs", "finetune", "--on", f"folder:{tiny_folder}", *STAND_IN]
    for db, option, kept in (("a.db", "--keep-checkpoints", 1), ("b.db", "--no-keep-checkpoints", 0)):
        assert bench("reproduce", *words, "--db", tmp_path / db, option).code == 0
        assert len(list((tmp_path / f"{db}.files" / "models").glob("*"))) == kept


@pytest.mark.usefixtures("ran")
def test_markdown_is_a_table_with_its_notes(ask):
    text = ask("--report-only", "--markdown").stdout
    assert text.startswith("| run | figure |")
    assert "- Stand-in" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cub-11m"], "Unknown study 'cub-11m'"),
        (["cub-10m", "--runs", "b9"], "Unknown run of the study cub-10m 'b9'"),
        (["cub-10m", "--on", "nowhere"], "Unknown dataset 'nowhere'"),
        (["cub-10m", "--backbone", "resnet50=resnet18"], "Unknown backbone of the study"),
        (["cub-10m", "--on", "digits", "--backbone", "resnet81"], "Unknown backbone 'resnet81'"),
        (["cub-10m", "--on", "digits", "--set", "rl=1"], "Unknown recipe key 'rl'"),
        (["cub-10m", "--on", "digits", "--subset", "test=3"], "split to take a part of 'test'"),
        (["cub-10m", "--on", "digits", "--subset", "train=99999"], "Cannot take train=99999"),
        (["cifar100-cached-heads", "--on", "digits", "--runs", "b3-linear-coarse"], "trains labels that digits"),
        (["cub-10m", "--runs", ""], "--runs is empty"),
        (["cub-10m", "--json", "--markdown"], "cannot go together"),
        (["cub-10m", "--time-limit", "soon"], "Cannot read the time"),
    ],
)
def test_what_there_is_not_is_refused_before_anything_runs(words, said, tmp_path):
    db = tmp_path / "runs.db"
    assert said in refused("reproduce", *words, "--db", db, "--dry-run")


def test_missing_data_says_what_to_fetch_and_that_nothing_was_trained(tmp_path):
    text = refused("reproduce", "cub-10m", "--no-download", "--data-root", tmp_path, "--db", tmp_path / "runs.db")
    assert "The dataset cub is not here." in text
    assert "CUB_200_2011.tgz" in text
    again, hint = text.splitlines()[-2:]
    assert shlex.split(again.partition("Then run again: ")[2])[-1] == str(tmp_path / "runs.db")
    assert hint == "Nothing was trained. On a stand-in: bench reproduce cub-10m --on DATASET --backbone NAME"


def test_labels_that_a_stand_in_lacks_are_asked_for_by_the_study_s_name(tmp_path):
    words = ["cifar100-cached-heads", "--on", "digits", "--db", tmp_path / "runs.db", "--dry-run"]
    text = refused("reproduce", *words, "--runs", "b3-linear-coarse", "--target", "coarse=nope")
    assert "with --target coarse=NEW, or leave" in text
    assert "--target coarse=NEW, or leave" in refused("reproduce", *words, "--runs", "b3-linear-joint")


def test_missing_weights_are_said_before_the_first_run(tmp_path, tiny_folder, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    words = ["cifar10-freeze-depth", "--on", f"folder:{tiny_folder}", "--db", tmp_path / "runs.db"]
    text = refused_late("reproduce", *words)
    assert "The weights of timm/resnet18" in text
    assert "--backbone timm/resnet18=timm/resnet18@file:PATH" in text
    assert "Nothing was trained." in text
    with Store.open(tmp_path / "runs.db") as store:
        assert store.rows() == []


def refused_late(*words):
    """A user's mistake that is found only after a bar was shown."""
    ended = bench(*words)
    assert (ended.code, ended.stdout) == (2, "")
    return ended.stderr


def test_a_study_that_was_never_run_has_no_table(tmp_path):
    db = tmp_path / "runs.db"
    Store.open(db).close()
    assert "was not run with these settings" in refused("reproduce", "cub-10m", "--report-only", "--db", db)


def test_a_study_s_ensemble_is_made_of_its_runs_and_no_run_is_run_again(tiny_folder, tmp_path):
    db = tmp_path / "runs.db"
    words = ["cifar100-ensemble", "--on", f"folder:{tiny_folder}", "--backbone", "resnet50=timm/test_resnet@none"]
    more = ["--epochs", 1, "--image-size", 32, "--seeds", 2, "--db", db, "--json"]
    (table,) = bench("reproduce", *words, *more, "--runs", "resnet50-pretrained,small-cnn").data
    lines = {(line["run"], line["figure"]): line for line in table["lines"]}
    assert lines["ensemble", "test_top1"]["seeds"] == 2
    assert lines["ensemble", "test_top1"]["measured"] is not None
    assert lines["ensemble", "test_top1"]["kind"] == "stand-in"
    with Store.open(db) as store:
        made = store.ensembles.list()
        attempts = {row.run_id: len(store.attempts(row.run_id)) for row in store.rows()}
    assert [one.rule for one in made] == ["soft", "soft"]
    assert {member.run_id for one in made for member in one.members} <= set(attempts)
    assert set(attempts.values()) == {1}
    again = bench("reproduce", "cifar100-ensemble", "--report-only", "--db", db, "--json").data[0]
    assert again == table


def test_without_all_its_members_there_is_no_ensemble(tiny_folder, tmp_path):
    words = ["cifar100-ensemble", "--on", f"folder:{tiny_folder}", "--runs", "resnet50-scratch,small-cnn"]
    ended = bench("reproduce", *words, *STAND_IN, "--db", tmp_path / "runs.db")
    assert ended.code == 0
    assert not [line for line in ended.stdout.splitlines() if line.startswith("ensemble ")]


MINE = """
name = "mine"
source = "a report of our own"
dataset = "colours"
num_classes = 4
recipe = { epochs = 6, batch_size = 8, lr = 1e-2, image_size = 32, norm_stats = "update" }

[[run]]
name = "base"
backbone = "timm/test_efficientnet"
strategy = "scratch"
published = { test_top1 = 0.9 }

[transfer]
run = "base"
dataset = "others"
split = "test"
label_map = "others-to-colours"
images = 10
published = { label_top1 = 0.5 }
published_confidence = { label_correct = 0.9 }
"""


@pytest.fixture
def own_registry(tiny_folder, tmp_path):
    """A user's study, with a transfer to a dataset of two of its classes under other names."""
    folder = tmp_path / "mine"
    for split in ("train", "test"):
        for ours, theirs in (("dusk", "late dusk"), ("grass", "lawn")):
            shutil.copytree(tiny_folder / split / ours, tmp_path / "others" / split / theirs)
    for name in ("studies", "label_maps"):
        (folder / name).mkdir(parents=True)
    (folder / "studies" / "mine.toml").write_text(MINE)
    (folder / "label_maps" / "others-to-colours.toml").write_text('[map]\n"late dusk" = "dusk"\nlawn = "grass"\n')
    places = {"colours": (tiny_folder, 4), "others": (tmp_path / "others", 2)}
    (folder / "datasets.toml").write_text(
        "\n".join(f'[{name}]\nreader = "class_folders"\nnum_classes = {n}\nlocations = ["{place}"]'
                  for name, (place, n) in places.items())
    )  # fmt: skip
    return folder


def test_a_study_of_one_s_own_runs_exactly_and_is_evaluated_on_its_other_dataset(own_registry, tmp_path):
    words = ["mine", "--registry", own_registry, "--db", tmp_path / "runs.db", "--json"]
    ended = bench("reproduce", *words)
    assert ended.code == 0, ended.stderr
    (table,) = ended.data
    lines = {(line["run"], line["figure"]): line for line in table["lines"]}
    assert {line["kind"] for line in lines.values()} == {"exact"}
    base = lines["base", "test_top1"]
    assert base["difference"] == pytest.approx(base["measured"] - 0.9)
    assert lines["transfer", "label_top1"]["measured"] is not None
    with Store.open(tmp_path / "runs.db") as store:
        (made,) = store.transfers.of_run(store.rows()[0].run_id)
    assert lines["transfer", "label_top1"]["measured"] == made.headline[0]["top1"]
    assert made.images == 10
    assert bench("reproduce", *words).data == [table]


def test_a_transfer_whose_data_is_not_here_is_said_and_the_table_shown(own_registry, tmp_path):
    shutil.rmtree(tmp_path / "others")
    ended = bench("reproduce", "mine", "--registry", own_registry, "--db", tmp_path / "runs.db", "--json")
    assert ended.code == 0
    assert "note: No transfer to others: The dataset others is not here." in ended.stderr
    assert {line["status"] for line in ended.data[0]["lines"] if line["run"] == "transfer"} == {"not made"}


JOINT = """
name = "pair"
source = "a report of two heads"
dataset = "colours"
num_classes = 4
recipe = { epochs = 2, batch_size = 8, image_size = 32 }

[[run]]
name = "one"
backbone = "timm/test_efficientnet"
strategy = "scratch"
target = "label"
published = { test_top1 = 0.9 }

[[run]]
name = "two"
backbone = "timm/test_efficientnet"
strategy = "scratch"
target = "light"
published = { test_top1 = 0.9 }

[joint]
name = "both"
heads = ["one", "two"]
"""


def test_a_joint_run_has_a_line_for_each_of_its_heads(tiny_folder, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "pair.toml").write_text(JOINT)
    (tmp_path / "light.toml").write_text('dusk = "dark"\nnight = "dark"\ngrass = "bright"\nsand = "bright"\n')
    (tmp_path / "datasets.toml").write_text(
        f'[colours]\nreader = "class_folders"\nnum_classes = 4\nlocations = ["{tiny_folder}"]\n'
        'groups = { light = "light.toml" }\n'
    )
    words = ["pair", "--runs", "both", "--registry", tmp_path, "--db", tmp_path / "runs.db", "--json"]
    ended = bench("reproduce", *words)
    assert ended.code == 0, ended.stderr
    lines = {line["figure"]: line["measured"] for line in ended.data[0]["lines"]}
    mean = (lines["test_top1 of label"] + lines["test_top1 of light"]) / 2
    assert lines["test_top1"] == pytest.approx(mean)
    assert 0 <= lines["contradictions of label and light"] <= 1
