from __future__ import annotations

import re

import pytest
from command_line import bench, refused

from bench.plan.recipes import for_strategy
from bench.registry.entries import DatasetEntry, RecipeEntry, StrategyEntry
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry
from bench.spec import RecipeSpec

LISTS = {
    "strategies": StrategyEntry,
    "datasets": DatasetEntry,
    "recipes": RecipeEntry,
    "studies": StudyEntry,
}
ONE = [("backbones", "timm/test_vit*"), ("datasets", "cub"), ("recipes", "default")]
COMMANDS = [*((name,) for name in LISTS), *ONE]


def listing(*words):
    ended = bench(*words, "--json")
    assert (ended.code, ended.stderr) == (0, "")
    return ended.data


@pytest.fixture
def plug_in(tmp_path):
    """A registry folder with an entry of three kinds."""
    entries = {
        "strategies": '["norm+neck"]\nnote = "my own"\n',
        "datasets": '[mine]\nreader = "cub"\nnum_classes = 3\nlocations = ["my-birds"]\nhow_to_get = "Ask me."\n',
        "recipes": "[mine.recipe]\nepochs = 7\n[mine.strategy.linear]\nepochs = 70\n",
    }
    for kind, text in entries.items():
        (tmp_path / f"{kind}.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", LISTS)
def test_json_holds_every_entry_of_the_registry_whole(kind):
    rows = listing(kind)
    for row in rows:
        row.pop("here", None)  # said of a dataset, and no part of its entry
    assert [LISTS[kind].model_validate(row) for row in rows] == Registry.load().all(LISTS[kind])


@pytest.mark.parametrize("kind", LISTS)
def test_the_table_names_every_entry(kind):
    text = bench(kind).stdout
    assert [e.name for e in Registry.load().all(LISTS[kind]) if e.name not in text] == []


@pytest.mark.parametrize("kind", ["strategies", "datasets", "recipes"])
def test_what_a_plug_in_adds_is_listed_with_the_rest(kind, plug_in, monkeypatch):
    monkeypatch.setenv("BENCH_REGISTRY", str(plug_in))
    name = "norm+neck" if kind == "strategies" else "mine"
    with_it = {row["name"] for row in listing(kind)}
    monkeypatch.delenv("BENCH_REGISTRY")
    assert with_it - {row["name"] for row in listing(kind)} == {name}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_broken_plug_in_warns_on_stderr_and_kills_no_list(words, tmp_path):
    (tmp_path / "budgets.toml").write_text("[[broken", encoding="utf-8")
    ended = bench(*words, "--json", "--registry", tmp_path)
    assert ended.code == 0
    assert ended.stderr.startswith("warning: Ignored ")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.data


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_narrow_terminal_no_line_is_too_long(words, columns):
    ended = bench(*words, columns=columns)
    assert (ended.code, ended.stderr) == (0, "")
    assert max(map(len, ended.stdout.splitlines())) <= columns


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("datasets", "cubb"), "Did you mean cub"),
        (("datasets", "folder:/nowhere"), "There is no /nowhere"),
        (("recipes", "defualt"), "Did you mean default"),
        (("studies", "--registry", "/nowhere"), "no registry folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_an_error_in_three_parts(words, said):
    assert said in refused(*words)


def test_the_strategies_that_a_sweep_takes_by_default_are_marked():
    lines = bench("strategies").stdout.splitlines()
    marked = [line.split()[0] for line in lines if " yes " in line]
    assert marked == [e.name for e in Registry.load().all(StrategyEntry) if e.default]


def test_datasets_say_whether_they_are_on_this_machine(tmp_path):
    (tmp_path / "CUB_200_2011").mkdir()
    (tmp_path / "CUB_200_2011" / "images.txt").touch()
    here = {row["name"]: row["here"] for row in listing("datasets", "--data-root", tmp_path)}
    assert here["cub"]
    assert here["digits"]
    assert not here["cifar10"]
    only = listing("datasets", "--here", "--data-root", tmp_path)
    assert {row["name"] for row in only} == {name for name, there in here.items() if there}


def test_bench_data_is_a_data_root_too(tmp_path, monkeypatch):
    (tmp_path / "cifar-10-python.tar.gz").touch()
    assert not next(row for row in listing("datasets", "cifar10"))["here"]
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    assert next(row for row in listing("datasets", "cifar10"))["here"]


def test_what_pretraining_has_seen_stands_beside_a_dataset():
    (line,) = [line for line in bench("datasets").stdout.splitlines() if line.startswith("tiny-imagenet")]
    assert "imagenet-1k, imagenet-21k, imagenet-12k" in line


def test_one_dataset_is_shown_with_how_to_get_it(plug_in):
    (data,) = listing("datasets", "cub")
    assert DatasetEntry.model_validate({k: v for k, v in data.items() if k != "here"}).num_classes == 200
    text = bench("datasets", "cub").stdout
    assert data["files"][0]["url"] in text
    assert re.search(r"^counts +train 5,994, test 5,794 *$", text, flags=re.MULTILINE)
    assert re.search(r"^to get it +bench sweep --dataset cub fetches it *$", text, flags=re.MULTILINE)
    assert "{" not in text
    assert "Ask me." in bench("datasets", "mine", "--registry", plug_in).stdout


def test_a_folder_of_ones_own_images_is_shown_as_a_dataset(tiny_folder):
    (data,) = listing("datasets", f"folder:{tiny_folder}")
    assert (data["num_classes"], data["here"]) == (4, True)


def test_a_recipe_is_shown_as_it_is_for_each_strategy():
    entry = Registry.load().get(RecipeEntry, "default")
    data = listing("recipes", "default")
    assert list(data) == ["other strategies", *entry.strategy]
    for title, values in data.items():
        assert RecipeSpec.model_validate(values) == for_strategy(entry, title.partition(" ")[0], {})
    (line,) = [line for line in bench("recipes", "default").stdout.splitlines() if line.startswith("epochs ")]
    assert line.split()[1:] == [str(values["epochs"]) for values in data.values()]


def test_a_schedule_is_shown_by_what_was_chosen_and_not_by_what_it_leaves_alone():
    lines = bench("recipes", "default").stdout.splitlines()
    (schedule,) = [re.split(r"  +", line.strip()) for line in lines if line.startswith("schedule ")]
    assert schedule[1:3] == ["kind=cosine warmup_epochs=1.0", "kind=cosine"]


def test_a_recipe_of_a_plug_in_differs_where_it_says_so(plug_in):
    data = listing("recipes", "mine", "--registry", plug_in)
    assert {title: values["epochs"] for title, values in data.items()} == {"other strategies": 7, "linear": 70}


def test_studies_are_listed_with_their_dataset_and_number_of_runs():
    for study in Registry.load().all(StudyEntry):
        (line,) = [line for line in bench("studies").stdout.splitlines() if line.startswith(f"{study.name} ")]
        assert study.dataset in line.split()
        assert f" {len(study.run)} " in line
