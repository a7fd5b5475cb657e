"""A joint sweep from the command line to what is kept and shown, on scikit-learn's digits as even and odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import bench, refused

from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.store.artifacts import Artifacts
from bench.store.store import Store

NET = ("-m", "timm/test_efficientnet@none", "-s", "linear", "--image-size", "32")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database: linear runs of label+parity, of each alone, and by L-BFGS."""
    folder = tmp_path_factory.mktemp("joint")
    written = bench("datasets", "digits", "--classes").stdout
    names = [line.partition(" = ")[0] for line in written.splitlines()]
    kinds = [f'{name} = "{"odd" if int(name.strip(chr(34))) % 2 else "even"}"' for name in names]
    (folder / "parity.toml").write_text("\n".join(kinds))
    for more in (
        ("--target", "label+parity", "--epochs", "3", "--seeds", "2", "--prune"),
        ("--target", "parity", "--epochs", "1"),
        ("--target", "label", "--epochs", "1"),
        ("--target", "parity+label", "--recipe", "probe", "--epochs", "3"),
    ):
        assert sweep(folder, *more).code == 0
    return folder


def sweep(folder: Path, *more: object) -> Any:
    groups = f"parity={folder / 'parity.toml'}"
    return bench("sweep", "--dataset", "digits", "--groups", groups, "--db", folder / "runs.db", *NET, *more)


def runs(folder: Path, target: str, recipe: str = "default") -> list[Any]:
    with Store.open(folder / "runs.db", create=False) as store:
        return [row for row in store.rows() if (row.target, row.recipe_name) == (target, recipe)]


def test_a_joint_run_is_shown_with_its_heads(place: Path) -> None:
    run = runs(place, "label+parity")[0]
    data = bench("show", run.run_id, "--db", place / "runs.db", "--json").data
    assert [(h["target"], h["split"], h["num_classes"]) for h in data["heads"]] == [
        ("label", "val", 10), ("label", "test", 10), ("parity", "val", 2), ("parity", "test", 2),
    ]  # fmt: skip
    assert run.test_top1 == pytest.approx(np.mean([h["top1"] for h in data["heads"] if h["split"] == "test"]))
    assert [(c["target"], c["group_target"]) for c in data["contradictions"]] == [("label", "parity")] * 2
    text = bench("show", run.run_id, "--db", place / "runs.db").stdout
    assert "Contradictions: the label class is not in the parity group on" in text


@pytest.mark.parametrize("target", ["label", "parity"])
def test_the_mistakes_of_a_joint_run_are_those_of_one_head(place: Path, target: str) -> None:
    run = runs(place, "label+parity")[0]
    where = (run.run_id, "--db", place / "runs.db", "--target", target)
    heads = bench("show", run.run_id, "--db", place / "runs.db", "--json").data["heads"]
    (top1,) = (h["top1"] for h in heads if (h["target"], h["split"]) == (target, "test"))
    data = bench("mistakes", *where, "--json").data
    assert (data["target"], data["wrong"]) == (target, round(data["total"] * (1 - top1)))
    assert {one["true"] for one in data["images"]} <= {*"0123456789", "odd", "even"}
    assert f"{target}: {data['wrong']} of" in bench("mistakes", *where).stdout
    assert "parity" in refused("mistakes", *where[:-1], "kind")


def test_the_leaderboard_of_a_joint_target_has_each_heads_accuracy(place: Path) -> None:
    found = bench("leaderboard", "--db", place / "runs.db", "--target", "parity+label", "--json").data
    assert {row["target"] for row in found} == {"label+parity"}
    assert all(0 <= row["head_parity_test_top1"] <= 1 for row in found)
    assert "parity test %" in bench("leaderboard", "--db", place / "runs.db").stdout


def test_one_head_of_kept_predictions_is_made_on_the_split_of_the_run_of_that_target(place: Path) -> None:
    artifacts = Artifacts(place / "runs.db.files")
    (joint, *_), both = runs(place, "label+parity"), {}
    for target in ("label", "parity"):
        (alone,) = runs(place, target)
        head, run = (artifacts.predictions(i) for i in (joint.run_id, alone.run_id))
        both[target] = head.of(target)
        assert both[target].split_digest == run.split_digest
        assert np.array_equal(both[target].test.labels, run.test.labels)
        assert both[target].test.logits.shape == run.test.logits.shape
    with Store.open(place / "runs.db", create=False) as store:
        stored = store.heads.of(joint.run_id)
    for row in stored.metrics:
        made = getattr(both[row.target], row.split)
        assert row.top1 == pytest.approx(float((made.logits.argmax(axis=1) == made.labels).mean()))
    said = {target: both[target].test.logits.argmax(axis=1) for target in both}
    (against,) = [each for each in stored.contradictions if each.split == "test"]
    assert against.share == pytest.approx(float((said["label"] % 2 != said["parity"]).mean()))


def test_a_run_is_looked_at_and_compared_head_by_head(place: Path) -> None:
    (joint, *_), (parity,) = runs(place, "label+parity"), runs(place, "parity")
    data = bench("look", joint.run_id, "--db", place / "runs.db", "--json").data
    assert list(data["heads"]) == ["label", "parity"]
    shown = {head["target"]: head["macro_f1"] for head in data["run"]["heads"] if head["split"] == "test"}
    assert {name: head["macro_f1"] for name, head in data["heads"].items()} == pytest.approx(shown)
    assert data["heads"]["parity"]["names"] == ["even", "odd"]
    both = bench("compare", joint.run_id, parity.run_id, "--db", place / "runs.db", "--json").data
    assert [head["target"] for head in both["heads"]] == ["parity"]


def test_l_bfgs_fits_both_heads(place: Path) -> None:
    (probe,) = runs(place, "label+parity", "probe")
    with Store.open(place / "runs.db", create=False) as store:
        top1 = {row.target: row.top1 for row in store.heads.of(probe.run_id).metrics if row.split == "test"}
    assert top1["label"] > 0.6
    assert top1["parity"] > 0.6


def test_the_sweeps_row_says_what_the_groups_were(place: Path) -> None:
    with Store.open(place / "runs.db", create=False) as store:
        requests = [store.sweep(row.id).request for row in store.sweeps()]
    assert requests[0]["groups"]["parity"]["7"] == "odd"
    assert "groups" not in requests[2]


def test_the_same_sweep_again_has_nothing_to_do_and_other_groups_are_other_runs(place: Path) -> None:
    asked = ("--target", "label+parity", "--epochs", "3", "--seeds", "2", "--prune")
    assert "2 done before" in sweep(place, *asked).stderr
    text = (place / "parity.toml").read_text()
    (place / "other.toml").write_text(text.replace('"7" = "odd"', '"7" = "even"'))
    plan = ("plan", "--dataset", "digits", *NET, "--target", "parity", "--json", "--groups")
    ids = [
        bench(*plan, f"parity={place / name}").data["runs"][0]["run_id"] for name in ("parity.toml", "other.toml")
    ]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "label+paritty"), "Did you mean parity"),
        (("--target", "label+label"), "named twice"),
        (("--groups", "parity"), "Cannot read --groups"),
        (("--groups", "parity=nowhere.toml"), "names the target 'parity' twice"),
        (("--groups", "again=nowhere.toml"), "nowhere.toml"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_mistake_is_an_error_in_three_parts(place: Path, words: tuple[str, ...], said: str) -> None:
    groups = f"parity={place / 'parity.toml'}"
    assert said in refused("plan", "--dataset", "digits", "--groups", groups, *NET, *words)


def test_classes_need_a_dataset_and_as_json_are_those_of_every_target(tmp_path: Path) -> None:
    assert "names no dataset" in refused("datasets", "--classes")
    (tmp_path / "g.csv").write_text("".join(f"{digit},{digit > 4}\n" for digit in range(10)))
    own = Registry.load().get(DatasetEntry, "digits").model_dump(exclude_defaults=True)
    groups = f'groups = {{ half = "g.csv" }}\nreader = "{own["reader"]}"\nnum_classes = 10\n'
    (tmp_path / "datasets.toml").write_text(f"[digits]\n{groups}")
    found = bench("datasets", "digits", "--classes", "--json", "--registry", tmp_path).data
    assert found == {"label": [str(digit) for digit in range(10)], "half": ["False", "True"]}
    (line,) = [
        line for line in bench("datasets", "--registry", tmp_path).stdout.splitlines() if line.startswith("digits")
    ]
    assert "label 10, half" in line


@pytest.mark.slow
@pytest.mark.shared_data
def test_animals_and_vehicles_are_told_apart_beside_the_ten_classes(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_DATA", str(shared_data))
    registry = Path(__file__).parents[1] / "registry"
    data = ("--dataset", "cifar10-small", "--registry", registry, "--target", "label+kind")
    ended = bench("sweep", *data, *NET, "--recipe", "probe", "--epochs", "3", "--db", tmp_path / "r.db")
    assert ended.code == 0, ended.stderr
    with Store.open(tmp_path / "r.db", create=False) as store:
        ((run_id, found),) = store.heads.all().items()
        row = store.run(run_id).row
    top1 = {head.target: head.top1 for head in found.metrics if head.split == "test"}
    assert row.num_classes == 12
    assert top1["kind"] > max(0.7, top1["label"])
    (against,) = [each for each in found.contradictions if each.split == "test"]
    assert against.share <= 1 - top1["label"] + 1 - top1["kind"]  # where both are right they cannot contradict
