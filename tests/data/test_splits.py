from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.data.manifest import Manifest, SplitManifest
from bench.data.splits import TestSplit, TrainSplit, ValSplit, split
from bench.data.stratify import stratified
from bench.errors import DataError


def part(name, labels, coarse=None):
    ids = tuple(f"{name}/{number:05d}" for number in range(len(labels)))
    under = {"fine": tuple(labels)} | ({"coarse": tuple(coarse)} if coarse else {})
    return SplitManifest(ids=ids, labels=under, digests=tuple("0" * 64 for _ in ids))


def manifest(train, test=(0, 1), val=None, coarse=None):
    parts = {
        "train": part("train", train, coarse),
        "test": part("test", test, [0] * len(test) if coarse else None),
    }
    if val is not None:
        parts["val"] = part("val", val)
    count = max(train) + 1
    classes = {"fine": tuple(map(str, range(count)))} | ({"coarse": ("0", "1")} if coarse else {})
    return Manifest(name="m", reader="cub", reader_version=1, classes=classes, splits=parts)


def counts(labels, classes):
    return np.bincount(labels, minlength=classes).tolist()


def test_a_tenth_of_each_class_is_held_out_when_there_is_no_val():
    parts = split(manifest(list(range(10)) * 50), "fine", 0.1, 0)
    assert counts(parts.train.labels, 10) == [45] * 10
    assert counts(parts.val.labels, 10) == [5] * 10
    assert (parts.train.official, parts.val.official, parts.test.official) == ("train", "train", "test")


def test_train_and_val_share_no_sample_and_lose_none():
    parts = split(manifest([0, 0, 0, 1, 1, 1, 1, 2, 2] * 9), "fine", 0.25, 3)
    assert set(parts.train.ids).isdisjoint(parts.val.ids)
    assert len(parts.train) + len(parts.val) == 81


def test_indices_ids_and_labels_belong_together():
    made = manifest([0, 1, 2] * 20)
    for cut in (split(made, "fine", 0.2, 1).train, split(made, "fine", 0.2, 1).val):
        official = made.splits[cut.official]
        assert cut.ids == tuple(official.ids[i] for i in cut.indices)
        assert cut.labels.tolist() == [official.labels["fine"][i] for i in cut.indices]
        assert cut.labels.dtype == cut.indices.dtype == np.int64
        assert (np.diff(cut.indices) > 0).all()


def test_the_cut_is_the_same_in_every_version():
    """Changing this digest changes every run's validation split: it needs a new protocol version."""
    parts = split(manifest(list(range(10)) * 50), "fine", 0.1, 0)
    assert parts.val.digest == "de85ef5d697c4f47ebca52d0c9b4f58fe573ed48732cf1b68c4b21710c7f372e"


def test_the_split_seed_alone_chooses_among_cuts():
    made = manifest(list(range(10)) * 50)
    assert split(made, "fine", 0.1, 0).val.ids == split(made, "fine", 0.1, 0).val.ids
    assert split(made, "fine", 0.1, 0).val.ids != split(made, "fine", 0.1, 1).val.ids


def test_the_cut_does_not_depend_on_the_order_of_the_samples():
    made = manifest(list(range(10)) * 50)
    train = made.splits["train"]
    turned = SplitManifest(ids=train.ids[::-1], labels={"fine": train.labels["fine"][::-1]}, digests=train.digests)
    other = made.model_copy(update={"splits": {**made.splits, "train": turned}})
    assert set(split(made, "fine", 0.1, 0).val.ids) == set(split(other, "fine", 0.1, 0).val.ids)


def test_every_target_shares_one_cut():
    made = manifest([0, 1, 2, 3] * 25, coarse=[0, 0, 1, 1] * 25)
    fine, coarse = split(made, "fine", 0.2, 0), split(made, "coarse", 0.2, 0)
    assert fine.val.ids == coarse.val.ids
    assert fine.val.labels.tolist() != coarse.val.labels.tolist()
    assert fine.val.digest != coarse.val.digest


def test_an_official_val_is_used_as_it_is():
    parts = split(manifest([0, 1] * 10, val=[1, 0, 1]), "fine", 0.5, 0)
    assert parts.val.official == "val"
    assert parts.val.labels.tolist() == [1, 0, 1]
    assert len(parts.train) == 20


def test_a_class_with_one_image_keeps_it_in_train():
    parts = split(manifest([0] * 20 + [1]), "fine", 0.5, 0)
    assert 1 in parts.train.labels
    assert 1 not in parts.val.labels


def test_a_dataset_with_one_image_a_class_cannot_be_cut():
    with pytest.raises(DataError, match="every class"):
        split(manifest([0, 1, 2]), "fine", 0.1, 0)


def test_a_subset_is_stratified_and_of_exactly_the_asked_size():
    made = manifest(list(range(10)) * 500)
    parts = split(made, "fine", 0.1, 0, {"train": 500, "val": 4500})
    assert counts(parts.train.labels, 10) == [50] * 10
    assert counts(parts.val.labels, 10) == [450] * 10
    assert set(parts.train.ids).isdisjoint(parts.val.ids)


def test_a_subset_of_train_leaves_val_as_it_was():
    made = manifest(list(range(10)) * 50)
    whole, small = split(made, "fine", 0.1, 0), split(made, "fine", 0.1, 0, {"train": 100})
    assert small.val.ids == whole.val.ids
    assert set(small.train.ids) < set(whole.train.ids)
    assert len(small.train) == 100


def test_a_smaller_subset_of_train_is_part_of_a_larger_one():
    made = manifest(list(range(10)) * 50)
    small, large = (split(made, "fine", 0.1, 0, {"train": n}).train for n in (100, 200))
    assert set(small.ids) < set(large.ids)


@pytest.mark.parametrize("subset", [{"train": 5}, {"train": 496}, {"val": 495}, {"train": 400, "val": 200}])
def test_a_subset_that_leaves_a_class_without_training_images_or_is_too_large_is_an_error(subset):
    with pytest.raises(DataError, match="can be chosen"):
        split(manifest(list(range(10)) * 50), "fine", 0.01, 0, subset)


def test_a_subset_of_another_split_and_an_unknown_target_list_the_valid_names():
    with pytest.raises(DataError, match="train, val"):
        split(manifest([0, 1] * 9), "fine", 0.1, 0, {"test": 2})
    with pytest.raises(DataError, match="Did you mean fine"):
        split(manifest([0, 1] * 9), "fien", 0.1, 0)


def test_the_three_splits_are_three_types():
    assert not issubclass(TestSplit, ValSplit | TrainSplit)
    assert not issubclass(ValSplit, TestSplit | TrainSplit)


@pytest.mark.slow
def test_mypy_refuses_a_test_split_where_a_val_split_is_asked(tmp_path):
    code = tmp_path / "select.py"
    code.write_text(
        "from bench.data.splits import Splits, ValSplit\n"
        "def choose(by: ValSplit) -> None: ...\n"
        "def run(splits: Splits) -> None:\n"
        "    choose(splits.val)\n"
        "    choose(splits.test)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", str(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'select.py:5: error: Argument 1 to "choose" has incompatible type "TestSplit"' in done.stdout
    assert "select.py:4" not in done.stdout


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    share=st.floats(0, 1),
    least=st.integers(0, 1),
    keep=st.integers(0, 1),
    seed=st.integers(0, 2**32),
)
def test_a_stratified_choice_is_exact_in_number_and_fair_to_every_class(sizes, share, least, keep, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    ids = [str(number) for number in range(len(labels))]
    available = np.array(sizes)
    low, high = np.minimum(least, available), np.maximum(available - keep, 0)
    wanted = round(share * len(labels))
    if not low.sum() <= wanted <= high.sum() or (low > high).any():
        return
    chosen = stratified(ids, labels, wanted, seed=seed, least=least, keep=keep)
    assert len(set(chosen.tolist())) == len(chosen) == wanted
    got = np.bincount(labels[chosen], minlength=len(sizes))
    assert (got >= low).all()
    assert (got <= high).all()
    quota = wanted * available / len(labels)
    if (quota >= low).all() and (quota <= high).all():
        assert (np.abs(got - quota) < 1 + 1e-9).all()
