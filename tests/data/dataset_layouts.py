"""Tiny datasets in their official layouts on disk, one builder per reader; images are made from a seed."""

from __future__ import annotations

import gzip
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.registry.entries import DatasetEntry

CLASSES = ("ant", "bee", "cat")
TRAIN, TEST = 6, 3  # images of each class


@dataclass(frozen=True)
class Layout:
    """A dataset on disk: the folder that holds all of it, and the entry that describes it."""

    entry: DatasetEntry
    folder: Path | None


def picture(path: Path, rng: np.random.Generator, size: tuple[int, int] = (20, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, format="PNG" if path.suffix == ".png" else "JPEG")


def cub(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "CUB_200_2011"
    rows = [
        (c, f"{c + 1:03d}.{name}/{name}_{i:04d}.jpg", int(i < TRAIN))
        for c, name in enumerate(CLASSES)
        for i in range(TRAIN + TEST)
    ]
    for _, name, _ in rows:
        picture(top / "images" / name, rng)
    write_lines(top / "classes.txt", [f"{c + 1} {c + 1:03d}.{name}" for c, name in enumerate(CLASSES)])
    write_lines(top / "images.txt", [f"{n} {row[1]}" for n, row in enumerate(rows, 1)])
    write_lines(top / "image_class_labels.txt", [f"{n} {row[0] + 1}" for n, row in enumerate(rows, 1)])
    write_lines(top / "train_test_split.txt", [f"{n} {row[2]}" for n, row in enumerate(rows, 1)])
    return Layout(entry("cub", "CUB_200_2011"), top)


def class_folders(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "pets"
    for split, count in (("train", TRAIN), ("test", TEST)):
        for name in CLASSES:
            for i in range(count):
                picture(top / split / name / f"{i}.png", rng)
    return Layout(entry("class_folders", "pets"), top)


def cifar10(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "cifar-10-batches-py"
    top.mkdir(parents=True)
    for number in range(1, 6):
        labels = [i % 3 for i in range(6)]
        dump(top / f"data_batch_{number}", {"data": bytes_(rng, 6), "labels": labels})
    dump(top / "test_batch", {"data": bytes_(rng, 9), "labels": [i % 3 for i in range(9)]})
    dump(top / "batches.meta", {"label_names": list(CLASSES)})
    return Layout(entry("cifar", "cifar-10-batches-py", counts={"train": 30, "test": 9}), top)


def cifar100(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "cifar-100-python"
    top.mkdir(parents=True)
    for name, count in (("train", 18), ("test", 9)):
        fine = [i % 3 for i in range(count)]
        coarse = [min(label, 1) for label in fine]
        dump(top / name, {"data": bytes_(rng, count), "fine_labels": fine, "coarse_labels": coarse})
    dump(top / "meta", {"fine_label_names": list(CLASSES), "coarse_label_names": ["insect", "mammal"]})
    return Layout(entry("cifar", "cifar-100-python", targets={"fine": 3, "coarse": 2}), top)


def idx(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "fashion-mnist"
    top.mkdir(parents=True)
    for prefix, count in (("train", 18), ("t10k", 9)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 3
        (top / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images), mtime=0))
        (top / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels), mtime=0))
    return Layout(entry("idx", "fashion-mnist", class_names=CLASSES), top)


def tiny_imagenet(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "tiny-imagenet-200"
    wnids = ["n03", "n01", "n02"]  # the official order is not the sorted one
    for wnid in wnids:
        for i in range(TRAIN):
            picture(top / "train" / wnid / "images" / f"{wnid}_{i}.JPEG", rng)
        write_lines(top / "train" / wnid / f"{wnid}_boxes.txt", [f"{wnid}_0.JPEG\t0\t0\t1\t1"])
    annotations = [f"val_{i}.JPEG\t{wnids[i % 3]}\t0\t0\t9\t9" for i in range(3 * TEST)]
    for line in annotations:
        picture(top / "val" / "images" / line.split("\t")[0], rng)
    picture(top / "test" / "images" / "test_0.JPEG", rng)
    write_lines(top / "wnids.txt", wnids)
    write_lines(top / "words.txt", ["n01\tant, pismire", "n02\tbee", "n03\tEgyptian cat", "n99\tzebra"])
    write_lines(top / "val" / "val_annotations.txt", annotations)
    return Layout(entry("tiny_imagenet", "tiny-imagenet-200"), top)


def flowers102(root: Path, seed: int = 0) -> Layout:
    from scipy.io import savemat

    rng, top = np.random.default_rng(seed), root / "flowers-102"
    labels = np.array([n % 3 + 1 for n in range(36)])
    for n in range(1, 37):
        picture(top / "jpg" / f"image_{n:05d}.jpg", rng)
    savemat(top / "imagelabels.mat", {"labels": labels})
    lists = {"tstid": np.arange(1, 10), "trnid": np.arange(10, 28), "valid": np.arange(28, 37)}
    savemat(top / "setid.mat", lists)
    counts = {"train": 18, "val": 9, "test": 9}
    return Layout(entry("flowers102", "flowers-102", class_names=CLASSES, counts=counts), top)


def oxford_pets(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "oxford-iiit-pet"
    names = ["Abyssinian", "english_setter", "pug"]
    lists: dict[str, list[str]] = {"trainval": [], "test": []}
    for c, name in enumerate(names, 1):
        for i in range(TRAIN + TEST):
            picture(top / "images" / f"{name}_{i}.jpg", rng)
            lists["trainval" if i < TRAIN else "test"].append(f"{name}_{i} {c} {min(c, 2)} 1")
    for split, lines in lists.items():
        write_lines(top / "annotations" / f"{split}.txt", lines)
    return Layout(entry("oxford_pets", "oxford-iiit-pet"), top)


def stl10(root: Path, seed: int = 0) -> Layout:
    rng, top = np.random.default_rng(seed), root / "stl10_binary"
    top.mkdir(parents=True)
    for split, count in (("train", 18), ("test", 9)):
        (top / f"{split}_X.bin").write_bytes(rng.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8).tobytes())
        (top / f"{split}_y.bin").write_bytes(bytes(i % 3 + 1 for i in range(count)))
    write_lines(top / "class_names.txt", list(CLASSES))
    return Layout(entry("stl10", "stl10_binary"), top)


def digits(_root: Path, _seed: int = 0) -> Layout:
    return Layout(
        DatasetEntry(name="digits", reader="digits", num_classes=10, counts={"train": 1438, "test": 359}), None
    )


BUILDERS: dict[str, Callable[..., Layout]] = {
    "cifar10": cifar10,
    "cifar100": cifar100,
    "class_folders": class_folders,
    "cub": cub,
    "digits": digits,
    "flowers102": flowers102,
    "idx": idx,
    "oxford_pets": oxford_pets,
    "stl10": stl10,
    "tiny_imagenet": tiny_imagenet,
}


def entry(reader: str, location: str, **other: object) -> DatasetEntry:
    counts = {"train": 3 * TRAIN, "test": 3 * TEST}
    fields = {"name": f"tiny-{reader}", "counts": counts, **other}
    return DatasetEntry(reader=reader, num_classes=3, locations=(location,), **fields)


def write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def bytes_(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 256, (count, 3072), dtype=np.uint8)


def dump(path: Path, data: object) -> None:
    path.write_bytes(pickle.dumps(data, protocol=2))


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def pack(folder: Path, archive: Path) -> Path:
    """Pack a folder, with its own name on top, into a .tar, .tgz or .zip."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as bundle:
            for path in sorted(folder.rglob("*")):
                bundle.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w:gz" if archive.suffix == ".tgz" else "w") as tar:
            tar.add(folder, folder.name)
    return archive


def replace(layout: Layout, builder: Callable[..., Layout], root: Path, seed: int) -> None:
    """Build the same dataset again from another seed, where it lay."""
    assert layout.folder is not None
    shutil.rmtree(layout.folder)
    builder(root, seed)
