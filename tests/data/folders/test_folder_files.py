"""Files that are not images, formats that are not read, system folders, empty classes, and known datasets."""

from __future__ import annotations

import sys

import pytest
from dataset_layouts import BUILDERS
from folder_builder import build
from PIL import Image

from bench.data.datasets import folder_entry, open_dataset
from bench.data.folders.known import KNOWN
from bench.data.images.decoding import decode
from bench.data.readers import READERS
from bench.data.sources.suffixes import IMAGE_SUFFIXES
from bench.errors import DataError
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry

SYSTEM = [
    "cat/@eaDir/0.jpg/SYNOPHOTO_THUMB_M.jpg",
    "$RECYCLE.BIN/$R1.jpg",
    "System Volume Information/x.jpg",
    "__MACOSX/cat/._0.jpg",
    ".thumbnails/0.jpg",
    "lost+found/0.jpg",
    "cat/.ipynb_checkpoints/0-checkpoint.jpg",
    "cat/Thumbs.db",
    "cat/._0.jpg",
    ".Trash-1000/files/0.jpg",
    "#recycle/dog/0.jpg",
    "@Recycle/0.jpg",
    "dog/.@__thumb/0.jpg",
    "RECYCLER/S-1-5/0.jpg",
    "FOUND.000/FILE0000.jpg",
    ".git/lfs/0.jpg",
    "Network Trash Folder/0.jpg",
    "cat/desktop.ini",
]


def opened(root, **told):
    return open_dataset(folder_entry(root, **told))


def sample_ids(dataset):
    return {sample for part in dataset.manifest.splits.values() for sample in part.ids}


@pytest.mark.parametrize("path", SYSTEM)
def test_a_system_folder_is_no_class_and_its_files_are_no_images(path, tmp_path):
    plain = opened(build(tmp_path / "plain", "cat|dog/#5.jpg"))
    dataset = opened(build(tmp_path / "data", f"cat|dog/#5.jpg\n{path}"))
    assert dataset.manifest.classes == {"label": ("cat", "dog")}
    assert sample_ids(dataset) == sample_ids(plain)


def test_system_folders_are_noted(tmp_path):
    notes = opened(build(tmp_path / "data", "\n".join(["cat|dog/#5.jpg", *SYSTEM]))).raw.notes
    assert {"$RECYCLE.BIN", "cat/@eaDir", ".git", "lost+found"} <= set(notes.system_folders)
    assert notes.skipped == {}


@pytest.mark.parametrize("suffix", [*IMAGE_SUFFIXES, ".JFIF", ".Avif", ".JPEG"])
def test_every_suffix_of_the_list_is_read_in_capitals_or_not(suffix, tmp_path):
    dataset = opened(build(tmp_path / "data", f"cat|dog/#5{suffix}"))
    assert len(sample_ids(dataset)) == 10


@pytest.mark.parametrize(
    ("suffix", "form"),
    [(".jfif", "JPEG"), (".avif", "AVIF"), (".jp2", "JPEG2000"), (".tga", "TGA"), (".heic", "HEIF")],
)
def test_a_newly_read_format_is_decoded(suffix, form, tmp_path):
    if form == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    elif form == "AVIF" and suffix not in IMAGE_SUFFIXES:
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / f"image{suffix}"
    Image.new("RGB", (32, 24), (200, 30, 30)).save(path, form)
    image = decode(path.read_bytes(), path.name)
    assert image.size == (32, 24)
    assert image.getpixel((5, 5))[0] > 150 > image.getpixel((5, 5))[1]


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ("cat|dog/#5.jpg\nfox/#3.cr2", "fox: 3 .cr2"),
        ("cat|dog/#5.jpg\nfox/#3.mp4\nowl/#2.dcm", "fox: 3 .mp4; owl: 2 .dcm"),
        ("train|test/cat|dog/#5.jpg\ntrain/fox/deep/#3.psd", "train/fox: 3 .psd"),
        ("cat/#5.jpg\ndog/#4.nef", "dog: 4 .nef"),
        ("cat|dog/#5.jpg\nfox/img#3", "fox: 3 no suffix"),
        ("cat|dog/#5.jpg\nfox/#3.raw\nfox/notes.txt", "fox: 3 .raw"),
    ],
)
def test_a_class_whose_files_are_all_unreadable_is_an_error_that_counts_them(files, shown, tmp_path):
    with pytest.raises(DataError, match="no image that can be read") as caught:
        opened(build(tmp_path / "data", files))
    assert shown in caught.value.why
    assert "Convert them" in caught.value.todo


def test_a_class_of_links_that_lead_nowhere_is_an_error(tmp_path):
    root = build(tmp_path / "data", "cat|dog/#5.jpg\nfox/")
    for number in range(3):
        (root / "fox" / f"{number}.jpg").symlink_to(tmp_path / "gone" / f"{number}.jpg")
    with pytest.raises(DataError, match="no image that can be read") as caught:
        opened(root)
    assert "fox: 3 broken links" in caught.value.why


def test_heic_without_its_plug_in_names_the_extra(tmp_path):
    """In a process of its own, in which the plug-in cannot be found."""
    import subprocess

    build(tmp_path / "pets", "cat|dog/#5.jpg\nfox/#3.heic")
    code = (
        "import importlib.util as u, sys\nfound = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pillow_heif' else found(name, *rest)\n"
        "from bench.data.datasets import folder_entry\nfrom pathlib import Path\nfolder_entry(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "pets")], capture_output=True, text=True, check=False
    )
    assert "fox: 3 .heic" in done.stderr
    assert "backbone-bench[heic]" in done.stderr


def test_some_unreadable_files_in_a_class_are_counted_by_folder_and_suffix(tmp_path):
    notes = opened(
        build(tmp_path / "data", "cat|dog/#5.jpg\ncat/#3.mp4\ncat/a.TXT\ndog/x/y.nef\nREADME")
    ).raw.notes
    assert notes.skipped == {".": {"no suffix": 1}, "cat": {".mp4": 3, ".txt": 1}, "dog/x": {".nef": 1}}


def test_empty_class_folders_are_noted(tmp_path):
    notes = opened(build(tmp_path / "data", "train|test/cat|dog/#5.jpg\ntrain/owl/\ntest/fox/sub/")).raw.notes
    assert notes.empty_classes == ("test/fox", "train/owl")


@pytest.mark.parametrize(
    "folder", ["docs/#2.pdf", "meta/#2.txt", "annotations/#9.xml", "code/train.py", "LICENSE"]
)
def test_a_folder_of_documents_beside_the_classes_is_no_class(folder, tmp_path):
    dataset = opened(build(tmp_path / "data", f"cat|dog/#5.jpg\n{folder}"))
    assert dataset.manifest.classes == {"label": ("cat", "dog")}
    assert dataset.raw.notes.empty_classes == ()


def test_a_folder_without_any_readable_image_counts_what_it_holds(tmp_path):
    with pytest.raises(DataError, match="no image in class folders") as caught:
        opened(build(tmp_path / "data", "cat|dog/#5.mp4\ncat/a.txt"))
    assert "10 .mp4, 1 .txt" in caught.value.why


@pytest.mark.parametrize(
    "name", ["cifar10", "cifar100", "cub", "flowers102", "idx", "oxford_pets", "stl10", "tiny_imagenet"]
)
def test_a_known_dataset_in_its_published_layout_names_the_entry_that_reads_it(name, tmp_path):
    layout = BUILDERS[name](tmp_path)
    with pytest.raises(DataError, match="published layout") as caught:
        folder_entry(layout.folder)
    dataset = caught.value.todo.split("--dataset ")[1].split()[0]
    assert Registry.load().get(DatasetEntry, dataset).reader == layout.entry.reader


def test_every_known_dataset_is_in_the_registry_or_has_other_advice():
    registry = Registry.load()
    for known in KNOWN:
        if known.dataset:
            entry = registry.get(DatasetEntry, known.dataset)
            assert entry.reader in READERS
            assert known.folder in (*entry.locations, entry.name)
        else:
            assert known.advice


def test_a_known_dataset_is_read_as_class_folders_when_told(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    assert len(opened(layout.folder, layout="images/classes").manifest.classes["label"]) == 3


def test_tiny_imagenet_with_its_val_in_class_folders_is_read(tmp_path):
    layout = BUILDERS["tiny_imagenet"](tmp_path)
    val = layout.folder / "val"
    for line in (val / "val_annotations.txt").read_text().splitlines():
        image, wnid = line.split("\t")[:2]
        (val / wnid).mkdir(exist_ok=True)
        (val / "images" / image).rename(val / wnid / image)
    dataset = opened(layout.folder)
    assert {split: len(part.ids) for split, part in dataset.manifest.splits.items()} == {"train": 18, "test": 9}
    assert any("test is left out" in remark for remark in dataset.raw.notes.remarks)


OLD = {
    "classes": ("ant|bee|cat/#5.jpg", "1b3a303f4a840e5dd334c28b5342d956c062b66e227f424a4c0a4ea4c3566e72"),
    "splits": ("Train|valid|test/a|b/#2.PNG", "78569741073115979186b43f1ef0b8627dca1b78954ad89fb2f87de28a211fff"),
    "wrapped": (
        "x/images/a|b/2024/#3.webp\nx/images/a|b/#3.tif",
        "34213525adc56177a272fdcd247d83a30700786d5653706614396e804dc685e8",
    ),
    "val as test": ("train|val/a|b/#2.jpeg", "bb32264eb42b2db36dfeee4e39de3824ce82baed5624b92056c55cd8617a3f77"),
}


@pytest.mark.parametrize(("files", "fingerprint"), OLD.values(), ids=OLD)
def test_a_folder_that_was_read_before_keeps_its_fingerprint(files, fingerprint, tmp_path):
    """The fingerprints are those that version 1 of the reader gave to the same files."""
    root = build(tmp_path / "d", files)
    for path in root.rglob("*.*"):
        path.write_bytes(str(path.relative_to(root)).encode())
    assert opened(root).manifest.fingerprint == fingerprint
