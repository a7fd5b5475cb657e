"""Images that look alike are found by their perceptual hashes, among many."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from faulty_folders import copy, folder
from PIL import Image, ImageEnhance, ImageFilter

from bench.data.datasets import folder_entry, open_dataset
from bench.data.images import near_duplicates as module
from bench.data.images.near_duplicates import DISTANCE, as_findings, near_duplicates
from bench.errors import DataError

pytest.importorskip("imagehash")


def photograph(seed):
    """A smooth image, as photographs are: their low frequencies tell them apart."""
    rough = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize((160, 120), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))


@pytest.fixture
def photographs(tmp_path):
    root = folder(tmp_path / "pets", {"train": 4, "test": 2}, ("cat", "dog"))
    for seed, path in enumerate(sorted(root.rglob("*.png"))):
        photograph(seed).save(path)
    return root


def alike(root):
    return near_duplicates(open_dataset(folder_entry(root)))


def test_photographs_that_differ_are_not_alike(photographs):
    assert alike(photographs).groups == ()
    assert as_findings(alike(photographs)) == []


def test_another_size_format_or_brightness_is_found_across_splits(photographs):
    original = Image.open(photographs / "train/cat/0.png")
    original.resize((90, 70)).save(photographs / "test/cat/small.png")
    original.save(photographs / "test/dog/again.jpg", quality=60)
    ImageEnhance.Brightness(original).enhance(0.8).save(photographs / "train/cat/dark.png")
    (group,) = alike(photographs).groups
    assert set(group.ids) == {
        "train/cat/0.png", "train/cat/dark.png", "test/cat/small.png", "test/dog/again.jpg",
    }  # fmt: skip
    assert (group.crosses_splits, group.contradict) == (True, True)
    (told,) = as_findings(alike(photographs))
    assert told.level == "warning"
    assert told.what.startswith("1 group(s) of images look alike, 1 across splits and 1 with two labels")


def test_exact_copies_are_left_to_the_check(photographs):
    copy(photographs, "train/cat/0.png", "test/cat/copy.png")
    assert alike(photographs).groups == ()


def test_images_of_one_colour_and_damaged_ones_are_no_group(photographs):
    for number in range(5):
        Image.new("RGB", (50, 50), (40 * number, 90, 20)).save(photographs / f"train/cat/flat{number}.png")
    (photographs / "train/dog/empty.png").write_bytes(b"")
    assert (alike(photographs).groups, alike(photographs).flat) == ((), 5)


def test_every_pair_within_the_distance_is_found_and_no_other():
    random = np.random.default_rng(0)
    hashes = random.integers(0, 1 << 63, 400, dtype=np.uint64)
    for number in range(60):  # neighbours at 0 to 5 bits
        flipped = np.bitwise_xor.reduce(
            np.uint64(1) << random.choice(64, number % 6, replace=False).astype(np.uint64), initial=np.uint64(0)
        )
        hashes = np.append(hashes, hashes[number] ^ flipped)
    linked = {at: {at} for at in range(len(hashes))}
    for a in range(len(hashes)):
        for b in range(a):
            if (int(hashes[a]) ^ int(hashes[b])).bit_count() <= DISTANCE:
                linked[a] = linked[b] = linked[a] | linked[b]
                for one in linked[a]:
                    linked[one] = linked[a]
    expected = {frozenset(group) for group in linked.values() if len(group) > 1}
    assert {frozenset(group) for group in module._groups(hashes, None)} == expected
    assert len(expected) == 50


def test_links_that_pile_up_are_joined(monkeypatch):
    hashes = np.arange(0, 16, dtype=np.uint64)  # all within four bits of each other
    monkeypatch.setattr(module, "_MOST_EDGES", 5)
    monkeypatch.setattr(module, "_ROWS", 3)
    apart = np.append(hashes, np.uint64(0xFFFF_FFFF_0000_0000))
    assert module._groups(apart, None) == [list(range(16))]
    assert module._groups(np.array([], dtype=np.uint64), None) == []


def test_bits_are_counted_alike_without_numpy_2(monkeypatch):
    values = np.random.default_rng(1).integers(0, 1 << 63, (5, 7), dtype=np.uint64)
    expected = [[int(value).bit_count() for value in row] for row in values]
    assert module._bit_counts(values).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert module._bit_counts(values).tolist() == expected


def test_a_missing_imagehash_names_the_command_that_brings_it(photographs, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"pip install 'backbone-bench\[near-duplicates\]'"):
        alike(photographs)
