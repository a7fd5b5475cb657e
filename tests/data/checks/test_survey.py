"""What is found wrong with a dataset when its manifest is made, before any training."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_layouts import BUILDERS, dump, write_lines

from bench.data.datasets import known_header, open_dataset
from bench.errors import DataError
from bench.registry.entries import DatasetEntry


def test_a_label_list_with_a_class_too_many_is_found(tmp_path):
    layout = BUILDERS["tiny_imagenet"](tmp_path)
    write_lines(layout.folder / "wnids.txt", ["n03", "n01", "n02", "n04"])
    entry = layout.entry.model_copy(update={"num_classes": 4})
    with pytest.raises(DataError, match="n04"):
        open_dataset(entry, data_root=tmp_path)


def test_a_reader_that_does_not_exist_lists_the_valid_ones():
    entry = DatasetEntry(name="x", reader="digit", num_classes=2, locations=(__file__,))
    with pytest.raises(DataError, match="Did you mean digits"):
        open_dataset(entry)
    assert known_header(entry) is None


def test_a_sample_listed_twice_is_named(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    lists = layout.folder / "images.txt"
    lists.write_text(lists.read_text().replace("ant_0001.jpg", "ant_0000.jpg"))
    with pytest.raises(DataError, match=r"twice.\nIt is 001\.ant/ant_0000\.jpg"):
        open_dataset(layout.entry, data_root=tmp_path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_split_is_an_error(split, tmp_path):
    layout = BUILDERS["cifar100"](tmp_path)
    empty = {"data": np.zeros((0, 3072), dtype=np.uint8), "fine_labels": [], "coarse_labels": []}
    dump(layout.folder / split, empty)
    with pytest.raises(DataError, match=f"The {split} split .* is empty"):
        open_dataset(layout.entry, data_root=tmp_path)
