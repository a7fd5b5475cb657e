"""Datasets that are known by their published files, and are wrong when read as class folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.data.sources.tree import FolderTree, Tree
from bench.errors import DataError


@dataclass(frozen=True)
class Known:
    """A published layout: files that are all there, the registry's name for the dataset, and its folder's.

    `dataset` is empty if no reader knows the layout; `advice` then says what does.
    """

    title: str
    files: tuple[str, ...]
    dataset: str = ""
    folder: str = ""
    advice: str = ""


_MATLAB = "Convert its lists to CSV and name them: --list train=FILE,test=FILE."
KNOWN = (
    Known(
        "Oxford-IIIT Pet",
        ("annotations/trainval.txt", "annotations/test.txt"),
        "oxford-pets",
        "oxford-iiit-pet",
    ),
    Known("Oxford 102 Flowers", ("setid.mat", "imagelabels.mat"), "flowers102", "flowers-102"),
    Known(
        "CUB-200-2011",
        ("images.txt", "image_class_labels.txt", "train_test_split.txt", "classes.txt"),
        "cub",
        "CUB_200_2011",
    ),
    Known("Tiny-ImageNet", ("wnids.txt", "val/val_annotations.txt"), "tiny-imagenet", "tiny-imagenet-200"),
    Known("CIFAR-10", ("batches.meta", "data_batch_1", "test_batch"), "cifar10", "cifar-10-batches-py"),
    Known("CIFAR-100", ("meta", "train", "test"), "cifar100", "cifar-100-python"),
    Known("Fashion-MNIST or MNIST", ("train-images-idx3-ubyte.gz",), "fashion-mnist", "fashion-mnist"),
    Known("Fashion-MNIST or MNIST", ("train-images-idx3-ubyte",), "fashion-mnist", "fashion-mnist"),
    Known("STL-10", ("train_X.bin", "test_X.bin"), "stl10", "stl10_binary"),
    Known(
        "FGVC-Aircraft",
        ("variants.txt", "images_variant_trainval.txt", "images_variant_test.txt"),
        advice="Choose the labels: --list train=images_variant_trainval.txt,test=images_variant_test.txt "
        "(or _family_, _manufacturer_).",
    ),
    Known("SVHN", ("train_32x32.mat", "test_32x32.mat"), advice="Write its images to class folders first."),
    Known("Stanford Cars", ("cars_train_annos.mat",), advice=_MATLAB),
    Known("Stanford Dogs", ("train_list.mat", "test_list.mat"), advice=_MATLAB),
)


def refuse_known(tree: Tree) -> None:
    """Raise DataError if a tree is a known dataset as published; it names the command that reads it."""
    by_name = {name.rsplit("/", 1)[-1] for name in tree.files}
    for known in KNOWN:
        if known.files[0].rsplit("/", 1)[-1] not in by_name:
            continue
        top = tree.top_with(known.files[0])
        if top is not None and all(file in top.files for file in known.files) and _as_published(known, top):
            raise DataError(
                f"{top.where()} is {known.title} in its published layout.",
                "Its labels or its official splits are in files, not in class folders.",
                known.advice or _command(known, top),
            )


def _as_published(known: Known, top: Tree) -> bool:
    """Whether images lie as published: Tiny-ImageNet's val and the pets are often moved into class folders."""
    flat = {"tiny-imagenet": "val/images/", "oxford-pets": "images/"}.get(known.dataset)
    return flat is None or any(name.startswith(flat) and "/" not in name[len(flat) :] for name in top.files)


def _command(known: Known, top: Tree) -> str:
    root = top.root if isinstance(top, FolderTree) else Path(known.folder)
    link = "" if root.name == known.folder else f"Name that folder {known.folder} (or link it), then: "
    return (
        f"{link}--dataset {known.dataset} --data-root {root.parent}. "
        "To read it as class folders all the same: --layout classes."
    )
