"""Targets made of groups of classes: what a file may say, and what it leaves as it was."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from bench.data.class_groups import as_toml, group_maps, groups_digest, read_groups
from bench.data.datasets import folder_entry, known_header, known_manifest, open_dataset
from bench.data.splits import split
from bench.errors import DataError, RegistryError
from bench.plan.request import dataset_spec
from bench.registry.loading import Registry, shipped_folder

SHADES = 'dusk = "dark"\ngrass = "light"\nnight = "dark"\nsand = "light"\n'


@pytest.fixture
def write(tmp_path):
    def file(text, name="shade.toml"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return file


@pytest.fixture
def grouped(tiny_folder, write):
    """The entry of the tiny folder with a file of groups, `shade`."""

    def entry(text=SHADES, name="shade.toml"):
        return folder_entry(tiny_folder).with_groups({"shade": str(write(text, name))})

    return entry


def refused(call, *said):
    with pytest.raises(DataError) as caught:
        call()
    assert all((caught.value.what, caught.value.why, caught.value.todo))
    for words in said:
        assert words in str(caught.value)


def test_a_grouped_target_has_the_labels_that_the_file_gives_each_class(grouped):
    manifest = open_dataset(grouped()).manifest
    assert manifest.class_names("shade") == ("dark", "light")
    fine = np.array(manifest.splits["train"].labels["label"])
    assert manifest.labels("train", "shade").tolist() == [[0, 1, 0, 1][label] for label in fine]


def test_groups_leave_the_fingerprint_the_kept_manifest_and_the_cut_as_they_are(tiny_folder, grouped, home):
    plain = open_dataset(folder_entry(tiny_folder)).manifest
    kept = {path.name: path.read_bytes() for path in (home / "manifests").iterdir()}
    made = open_dataset(grouped()).manifest
    assert made.fingerprint == plain.fingerprint
    assert {path.name: path.read_bytes() for path in (home / "manifests").iterdir()} == kept
    assert known_manifest(folder_entry(tiny_folder)) == plain
    cuts = [split(made, target, 0.25, 0) for target in ("label", "shade", "label+shade")]
    assert len({cut.val.ids for cut in cuts}) == 1
    assert len({cut.val.digest for cut in cuts}) == 3
    assert cuts[0].val.digest == split(plain, "label", 0.25, 0).val.digest


def test_several_targets_are_columns_of_labels(grouped):
    cut = split(open_dataset(grouped()).manifest, "label+shade", 0.25, 0).train
    assert cut.classes == (4, 2)
    assert cut.labels.shape == (len(cut), 2)
    assert (cut.labels[:, 1] == np.array([0, 1, 0, 1])[cut.labels[:, 0]]).all()


def test_toml_and_csv_in_any_order_say_the_same(grouped):
    rows = ["sand,light", "night,dark", "", '"grass",light', "dusk,dark"]
    others = ["\n".join(rows), "\r\n".join(["Class,Group", *rows]), "\ufeffclass,group\n" + "\n".join(rows)]
    first = dataset_spec(grouped(), "shade", None)
    for number, text in enumerate(others):
        assert dataset_spec(grouped(text, f"{number}.csv"), "shade", None) == first


def test_what_a_target_means_is_part_of_the_identity_of_the_runs_that_use_it_alone(grouped, tiny_folder):
    other = SHADES.replace('grass = "light"', 'grass = "dark"')
    assert dataset_spec(grouped(), "shade", None).groups != dataset_spec(grouped(other), "shade", None).groups
    joint = dataset_spec(grouped(), "label+shade", None)
    assert (joint.target, joint.num_classes, joint.groups is not None) == ("label+shade", 6, True)
    plain = dataset_spec(folder_entry(tiny_folder), None, None)
    assert dataset_spec(grouped(), None, None) == plain
    assert "groups" not in plain.model_dump()
    assert groups_digest([]) is None


def test_targets_are_put_into_the_datasets_own_order(grouped):
    assert dataset_spec(grouped(), " shade + label", None) == dataset_spec(grouped(), "label+shade", None)


def test_a_seen_dataset_is_planned_with_its_groups(grouped):
    open_dataset(grouped())
    header = known_header(grouped())
    assert header.classes == {"label": 4, "shade": 2}
    assert dataset_spec(grouped(), "shade", header).fingerprint == header.fingerprint


def test_groups_of_a_coarser_target_are_taken_for_that(grouped):
    manifest = open_dataset(grouped()).manifest
    two = manifest.model_copy(
        update={
            "classes": {**manifest.classes, "shade": ("dark", "light")},
            "splits": {
                name: part.model_copy(
                    update={"labels": {**part.labels, "shade": tuple(manifest.labels(name, "shade").tolist())}}
                )
                for name, part in manifest.splits.items()
            },
            "groups": {},
        }
    )
    from bench.data.class_groups import with_groups

    entry = grouped('dark = "a"\nlight = "b"\n', "mood.toml")
    entry = entry.model_copy(update={"groups": {"mood": entry.groups["shade"]}})
    made = with_groups(two, entry)
    assert made.groups["mood"].of == "shade"
    assert made.labels("train", "mood").tolist() == manifest.labels("train", "shade").tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SHADES.replace("dusk", "dsk"), ["'dsk'", "1 of 4 is unknown", "Did you mean dusk?", "--classes"]),
        (SHADES.replace('sand = "light"\n', ""), ["no group for the class 'sand'", "1 of 4 is missing"]),
    ],
    ids=["unknown", "missing"],
)
def test_a_file_that_does_not_fit_the_classes_is_refused_whoever_opens_or_plans(grouped, tiny_folder, text, said):
    open_dataset(folder_entry(tiny_folder))
    refused(lambda: open_dataset(grouped(text)), *said)
    refused(lambda: known_header(grouped(text)), *said)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", 'a = "x"\nb = "x"\n', ["tells no classes apart", "All 2 classes are in 'x'"]),
        ("a.toml", "", ["It is empty"]),
        ("a.csv", "class,group\n", ["It is empty"]),
        ("a.toml", 'a = "x"\nb = ""\n', ["'b' has no group yet"]),
        ("a.toml", 'a = "x"\n[b]\nc = "y"\n', ["The group of 'b' is no text"]),
        ("a.toml", 'a = "x"\na = "y"\n', ["overwrite"]),
        ("a.toml", "a = x\n", ["line 1"]),
        ("a.csv", "a,x\na,y\n", ["Row 2", "'a' a second time"]),
        ("a.csv", "a,x\nb\n", ["Row 2 has 1 cells"]),
        ("a.csv", 'a,"x\n', ["unexpected end"]),
        ("a.csv", b"a,\xff\n", ["utf-8"]),
        ("a.txt", SHADES, ["neither with .toml nor with .csv"]),
    ],
)
def test_a_file_that_cannot_be_read_says_why(write, name, text, said):
    refused(lambda: read_groups(write(text, name)), "a.", *said)


def test_a_file_that_is_not_there_says_so(tmp_path):
    refused(lambda: read_groups(tmp_path / "none.toml"), "none.toml", "No such file")


@pytest.mark.parametrize("name", ["a+b", "", "1st", "a b"])
def test_a_target_needs_a_name_that_can_be_joined(tiny_folder, name):
    refused(lambda: folder_entry(tiny_folder).with_groups({name: "x.toml"}), "cannot be called")


def test_a_target_that_comes_with_the_dataset_is_not_replaced(tiny_folder):
    refused(lambda: folder_entry(tiny_folder).with_groups({"label": "x.toml"}), "a target 'label' already")


def test_an_entry_names_its_file_from_its_registrys_folder(tmp_path, write):
    write(SHADES)
    entry = '[mine]\nreader = "class_folders"\nnum_classes = 4\ngroups = { shade = "shade.toml" }\n'
    (tmp_path / "datasets.toml").write_text(entry)
    registry = Registry.load([tmp_path])
    (mine,) = (e for e in registry.entries["datasets"].values() if e.name == "mine")
    assert group_maps(mine)["shade"].names == ("dark", "light")
    assert dataset_spec(mine, "shade", None).num_classes == 2


def test_a_registry_cannot_group_under_a_name_that_is_taken(tmp_path):
    entry = '[mine]\nreader = "class_folders"\nnum_classes = 4\ngroups = { label = "shade.toml" }\n'
    (tmp_path / "datasets.toml").write_text(entry)
    registry = Registry()
    registry.add_folder(shipped_folder(), plugin=False)
    with pytest.raises(RegistryError, match="'label' already"):
        registry.add_folder(tmp_path, plugin=False)


def test_written_class_names_are_a_file_to_fill_in():
    names = ["great auk", 'the "auk"', "back\\slash", "new\nline", "Ärger", "a.b"]
    assert tomllib.loads(as_toml(names)) == dict.fromkeys(names, "")
