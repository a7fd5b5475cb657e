"""Which class groups which is read off a dataset's own labels, and a map to the finer leads on to the coarser."""

from __future__ import annotations

from bench.data.manifest import Manifest, SplitManifest
from bench.transfer.label_groups import known_groups, meanings, of_the_run, through

FINE, COARSE = ("ant", "bee", "cat"), ("insect", "mammal")


def manifest(labels=((0, 1, 2, 2), (0, 0, 1, 1))):
    ids = tuple(str(number) for number in range(len(labels[0])))
    part = SplitManifest(ids=ids, labels={"fine": labels[0], "coarse": labels[1]}, digests=ids)
    classes = {"fine": FINE, "coarse": COARSE}
    return Manifest(
        name="x", reader="cifar", reader_version=1, classes=classes, splits={"train": part, "test": part}
    )


def test_each_class_of_the_finer_target_belongs_to_one_of_the_coarser():
    assert known_groups(manifest()) == {("fine", "coarse"): {0: 0, 1: 0, 2: 1}}


def test_targets_that_cross_group_nothing():
    assert known_groups(manifest(((0, 1, 2, 2), (0, 0, 1, 0)))) == {}
    assert known_groups(None) == {}


def test_a_map_may_speak_of_the_finer_target_of_a_coarse_run():
    assert meanings({"coarse": COARSE}, manifest()) == {"coarse": COARSE, "fine": FINE}
    assert meanings({"fine": FINE}, manifest()) == {"fine": FINE}
    assert meanings({"coarse": COARSE}, None) == {"coarse": COARSE}


def test_a_dataset_whose_classes_are_called_otherwise_now_is_not_the_run_s():
    assert of_the_run(manifest(), {"coarse": COARSE}) is not None
    assert of_the_run(manifest(), {"coarse": ("bug", "mammal")}) is None


def test_a_map_leads_through_a_class_to_its_group():
    groups = known_groups(manifest())
    assert through({7: 2, 8: 0}, groups, "fine", "coarse") == {7: 1, 8: 0}
    assert through({7: 2}, groups, "fine", "fine") == {7: 2}
    assert through({7: 1}, groups, "coarse", "fine") is None
