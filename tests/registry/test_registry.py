from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.errors import RegistryError
from bench.registry.entries import BackboneEntry, BudgetEntry, DatasetEntry, RecipeEntry, StrategyEntry
from bench.registry.loading import Registry


def folder_with(path: Path, **files: str) -> Path:
    """Write a registry folder: `backbones="..."` becomes backbones.toml."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.toml").write_text(text, encoding="utf-8")
    return path


def read(folder: Path, *, plugin: bool = False) -> Registry:
    registry = Registry()
    registry.add_folder(folder, plugin=plugin)
    return registry


BACKBONE = '["timm/resnet18"]\nfamily = "resnet"\n'


def test_an_unknown_key_lists_the_valid_ones_and_the_nearest(tmp_path):
    with pytest.raises(RegistryError) as caught:
        read(folder_with(tmp_path, backbones=BACKBONE + "shortlst = 1\n"))
    assert "timm/resnet18" in caught.value.what
    assert "'shortlst'" in caught.value.what
    assert "aliases, download_bytes, family, name, note, shortlist, weights" in caught.value.why
    assert caught.value.todo == "Did you mean shortlist?"


def test_an_unknown_key_inside_a_nested_table_lists_that_tables_keys(tmp_path):
    text = "[mine.recipe]\nlr = 1e-3\n[mine.recipe.schedule]\nkind = 'cosine'\nwarmup = 1\n"
    with pytest.raises(RegistryError) as caught:
        read(folder_with(tmp_path, recipes=text))
    assert "'recipe.schedule.warmup'" in caught.value.what
    assert "warmup_epochs" in caught.value.todo
    assert "batch_size" not in caught.value.why


def test_a_strategys_part_of_a_recipe_is_checked_like_the_recipe(tmp_path):
    with pytest.raises(RegistryError, match="learning_rate"):
        read(folder_with(tmp_path, recipes="[mine.strategy.linear]\nlearning_rate = 1e-3\n"))
    with pytest.raises(RegistryError) as caught:
        read(folder_with(tmp_path, recipes="[mine.strategy.linaer]\nlr = 1e-3\n"))
    assert "Unknown strategy 'linaer'" in caught.value.why
    assert caught.value.todo == "Did you mean linear? `bench strategies` lists what there is."


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"backbones": "[[broken"}, "cannot be read"),
        ({"backbones": "family = 'resnet'"}, "outside a table"),
        ({"backbones": "['resnet18']\nfamily = 'resnet'"}, "name: String should match"),
        ({"backbones": "['timm/resnet18']\nfamily = 1"}, "family: Input should be a valid string"),
        ({"backbones": "['timm/resnet18']\nname = 'timm/resnet34'\nfamily = 'resnet'"}, "two names"),
        ({"strategies": "[last_block]"}, "Unknown strategy 'last_block'"),
        ({"strategies": "['linear+norm']"}, "joins linear with another"),
        ({"datasets": "[mine]\nreader = 'cub'\nnum_classes = 0"}, "num_classes"),
        ({"recipes": "[mine.recipe]\nlr = -1"}, "recipe.lr"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_valid_is_an_error_in_the_shipped_registry_and_a_warning_in_a_plug_in(
    tmp_path, files, message
):
    folder = folder_with(tmp_path, **files)
    with pytest.raises(RegistryError) as caught:
        read(folder)
    assert message in str(caught.value)
    assert all((caught.value.what, caught.value.why, caught.value.todo))
    warnings = read(folder, plugin=True).warnings
    assert len(warnings) == 1
    assert message in warnings[0]
    assert str(folder) in warnings[0]


@pytest.mark.parametrize("kind", ["pipe", "loop", "folder"])
def test_a_registry_file_that_is_no_file_is_not_passed_over_in_silence(kind, tmp_path):
    file = tmp_path / "recipes.toml"
    {"pipe": os.mkfifo, "loop": lambda path: path.symlink_to(path), "folder": Path.mkdir}[kind](file)
    (warning,) = read(tmp_path, plugin=True).warnings
    assert f"{file} cannot be read." in warning


@pytest.mark.parametrize("place", ["loop", "x" * 5000])
def test_a_file_that_an_entry_names_and_that_cannot_be_is_a_warning(place, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    folder = folder_with(tmp_path, backbones=f"{BACKBONE}weights = {{source = 'file', location = '{place}'}}\n")
    (warning,) = read(folder, plugin=True).warnings
    assert "names a file that cannot be used" in warning


def test_the_good_entries_of_a_broken_plug_in_stay(tmp_path):
    text = BACKBONE + '["timm/resnet34"]\nfamly = "resnet"\n'
    folder = folder_with(tmp_path, backbones=text, budgets="[[broken", strategies="[norm]")
    registry = read(folder, plugin=True)
    assert [entry.name for entry in registry.all(BackboneEntry)] == ["timm/resnet18"]
    assert [entry.name for entry in registry.all(StrategyEntry)] == ["norm"]
    assert len(registry.warnings) == 2


def test_a_folder_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(RegistryError, match="no registry folder"):
        Registry.load([tmp_path / "missing"])
    monkeypatch.setenv("BENCH_REGISTRY", str(tmp_path / "missing"))
    with pytest.raises(RegistryError, match="BENCH_REGISTRY"):
        Registry.load()


def test_users_add_entries_in_their_home_by_environment_and_by_option(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    folder_with(tmp_path / "registry", budgets="[home]\nlimits = '1M'")
    first = folder_with(tmp_path / "a", budgets="[first]\nlimits = '1M'")
    second = folder_with(tmp_path / "b", budgets="[second]\nlimits = '1M'")
    third = folder_with(tmp_path / "c", budgets="[third]\nlimits = '1M'")
    monkeypatch.setenv("BENCH_REGISTRY", os.pathsep.join([str(first), str(second)]))
    registry = Registry.load([third])
    names = [entry.name for entry in registry.all(BudgetEntry)]
    assert {"home", "first", "second", "third", "mobile"} <= set(names)
    assert not registry.warnings


def test_what_a_user_defines_goes_before_what_is_shipped(tmp_path):
    text = '["torchvision/resnet34"]\nfamily = "resnet"\naliases = ["resnet18"]\n' + BACKBONE + 'note = "my own"\n'
    registry = Registry.load([folder_with(tmp_path, backbones=text, budgets="[mobile]\nlimits = '1M'")])
    assert registry.get(BudgetEntry, "mobile").limits == "1M"
    assert registry.get(BackboneEntry, "timm/resnet18").note == "my own"
    assert registry.find_backbone("resnet18").name == "torchvision/resnet34"
    assert registry.find_backbone("timm/resnet18").name == "timm/resnet18"


def test_one_folder_may_hold_a_kind_in_several_files(tmp_path):
    folder_with(tmp_path, budgets="[one]\nlimits = '1M'")
    folder_with(tmp_path / "budgets", a="[two]\nlimits = '2M'\n[three]\nlimits = '3M'", b="[four]\nlimits = '4M'")
    assert [entry.name for entry in read(tmp_path).all(BudgetEntry)] == ["one", "two", "three", "four"]


def install(path: Path, value: str, code: str) -> None:
    """Make an installed package with an entry point `bench.registry`, as pip would leave it."""
    (path / "plug_in.py").write_text(code, encoding="utf-8")
    metadata = path / "plug_in-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[bench.registry]\nmine = {value}\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder that Python imports packages from."""
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    yield path
    sys.modules.pop("plug_in", None)


@pytest.mark.parametrize("value", ["plug_in:FOLDER", "plug_in:folder"])
def test_an_installed_package_adds_entries_by_an_entry_point(site, tmp_path, value):
    folder = folder_with(tmp_path / "theirs", budgets="[theirs]\nlimits = '1M'")
    install(site, value, f"FOLDER = {str(folder)!r}\ndef folder(): return FOLDER\n")
    registry = Registry.load()
    assert registry.get(BudgetEntry, "theirs").limits == "1M"
    assert not registry.warnings


@pytest.mark.parametrize(
    "code",
    [
        "raise RuntimeError('broken inside')",
        "FOLDER = 3",
        "FOLDER = '/no/such/folder'",
        "OTHER = 1",
        "raise SystemExit",
    ],
)
def test_a_broken_installed_package_warns_and_kills_nothing(site, code):
    install(site, "plug_in:FOLDER", code)
    registry = Registry.load()
    assert len(registry.warnings) == 1
    assert "plug-in mine (plug_in:FOLDER)" in registry.warnings[0]
    assert registry.get(BudgetEntry, "mobile")


def test_an_unknown_name_lists_the_valid_ones_and_the_nearest():
    with pytest.raises(RegistryError) as caught:
        Registry.load().get(RecipeEntry, "defualt")
    assert caught.value.what == "Unknown recipe 'defualt'."
    assert caught.value.why == "Valid: default, probe, quick, strong."
    assert caught.value.todo == "Did you mean default? `bench recipes` lists what there is."


def test_the_registry_of_our_own_tests_adds_the_datasets_that_only_we_have():
    registry = Registry.load([Path(__file__).parents[1] / "registry"])
    assert registry.get(DatasetEntry, "cub100").reader == registry.get(DatasetEntry, "cub").reader
    assert not registry.warnings
