"""The official layout of CUB-200-2011: numbered lists beside a folder of images."""

from __future__ import annotations

from bench.data.checks.check import OfficialSplit
from bench.data.raw import FileSource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.registry.entries import DatasetEntry

MARKERS = ("images.txt",)


def read(tree: Tree, _entry: DatasetEntry) -> RawDataset:
    """Read `classes.txt`, `images.txt`, `image_class_labels.txt` and `train_test_split.txt`.

    A sample's id is its path as `images.txt` has it.
    """
    classes = dict(tree.lines("classes.txt"))
    index_of = {number: index for index, number in enumerate(classes)}
    labels = {image: index_of[number] for image, number in tree.lines("image_class_labels.txt")}
    is_train = {image: flag == "1" for image, flag in tree.lines("train_test_split.txt")}
    images = tree.lines("images.txt")
    tree.require((f"images/{name}" for _, name in images), "images.txt")

    def part(*, train: bool) -> RawSplit:
        chosen = [(name, labels[image]) for image, name in images if is_train[image] == train]
        return RawSplit(
            tuple(name for name, _ in chosen),
            {"label": tuple(label for _, label in chosen)},
            FileSource(tree, [f"images/{name}" for name, _ in chosen]),
        )

    splits: dict[OfficialSplit, RawSplit] = {"train": part(train=True), "test": part(train=False)}
    return RawDataset({"label": tuple(classes.values())}, splits)
