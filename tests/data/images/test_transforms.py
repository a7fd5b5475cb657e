from __future__ import annotations

import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import bench.models.vision
from bench.augment.augmentations import canonical_augment
from bench.augment.table import AUGMENTATIONS
from bench.data.images import transforms
from bench.data.images.transforms import augment, eval_transform, normalize
from bench.errors import RecipeError
from bench.spec import TransformSpec

SPEC = TransformSpec(image_size=24)
CALLS = ["resize(30)" if name == "resize" else name for name in sorted(AUGMENTATIONS)]


def image(width, height, seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def tensor(seed=0, size=24):
    return eval_transform(TransformSpec(image_size=size))(image(size, size, seed))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("crop_pct", [1.0, 0.95, 0.875, 0.9])
@pytest.mark.parametrize("shape", [(227, 227), (250, 167), (167, 250), (32, 32), (8, 8), (301, 37)])
def test_pixels_are_those_of_timms_evaluation_transform(interpolation, crop_pct, shape):
    for size in (32, 97, 224):
        spec = TransformSpec(image_size=size, interpolation=interpolation, crop_pct=crop_pct)
        theirs = bench.models.vision.timm.data.create_transform(
            size, interpolation=interpolation, crop_pct=crop_pct, mean=spec.mean, std=spec.std
        )
        ours = eval_transform(spec)(image(*shape))
        assert ours.shape == (3, size, size)
        assert ours.dtype == torch.uint8
        assert torch.equal(normalize(ours[None], spec)[0], theirs(image(*shape)))


def sizes_resized(monkeypatch):
    """Return a list that grows by the pixels of each image that Pillow makes by resizing."""
    made, resize = [], Image.Image.resize

    def watched(self, size, *arguments, **options):
        made.append(size[0] * size[1])
        return resize(self, size, *arguments, **options)

    monkeypatch.setattr(Image.Image, "resize", watched)
    return made


@pytest.mark.parametrize("shape", [(12_000, 1), (1, 12_000), (65_000, 3), (3, 65_000), (20_000, 40)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_of_a_long_image_only_the_crop_is_computed(shape, interpolation, monkeypatch):
    """Its pixels are those of the whole resized image up to rounding, which would take gigabytes."""
    spec = TransformSpec(image_size=32, interpolation=interpolation, crop_pct=0.875)
    picture = image(*shape)
    largest = sizes_resized(monkeypatch)
    monkeypatch.setattr(transforms, "_LARGEST", 0)
    cut = eval_transform(spec)(picture).int()
    assert max(largest) < 100_000
    monkeypatch.setattr(transforms, "_LARGEST", 1 << 40)
    whole = eval_transform(spec)(picture).int()
    assert ((cut - whole).abs() <= 1).float().mean() > 0.999


@pytest.mark.parametrize("interpolation", ["nearest", "bicubic"])
@pytest.mark.parametrize("shape", [(12_000, 1), (1, 3_000_000), (500_000, 7)])
def test_memory_does_not_grow_with_the_ratio_of_an_images_sides(shape, interpolation, monkeypatch):
    largest = sizes_resized(monkeypatch)
    spec = TransformSpec(image_size=224, interpolation=interpolation, crop_pct=0.875)
    assert eval_transform(spec)(Image.new("RGB", shape)).shape == (3, 224, 224)
    assert max(largest) <= 1 << 24


def test_normalizing_scales_to_the_mean_and_deviation_in_the_asked_type():
    spec = TransformSpec(image_size=2, mean=(0.5, 0.0, 1.0), std=(0.5, 1.0, 2.0))
    batch = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    assert normalize(batch, spec)[0, :, 0, 0].tolist() == [1.0, 1.0, 0.0]
    assert normalize(batch, spec, torch.device("cpu"), torch.bfloat16).dtype == torch.bfloat16
    assert batch.unique().tolist() == [255]


@pytest.mark.parametrize("call", CALLS)
def test_an_augmentation_keeps_size_and_type_and_a_key_gives_one_result(call):
    change = augment((call,), SPEC)
    before = tensor()
    for key in range(5):
        once, twice = change(before, key), change(before, key)
        assert once.shape == before.shape
        assert once.dtype == torch.uint8
        assert torch.equal(once, twice)
    assert torch.equal(before, tensor())


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 8, 13, 33])
def test_an_augmentation_keeps_images_of_few_and_odd_pixels_at_their_size(size):
    for call in CALLS:
        change = augment((call,), TransformSpec(image_size=size))
        for key in range(9):
            changed = change(tensor(size=size), key)
            assert (changed.shape, changed.dtype) == ((3, size, size), torch.uint8), call


def test_distortions_leave_no_border():
    """Beyond the borders the image goes on mirrored, so a plain image stays as it is."""
    plain = torch.full((3, 24, 24), 200, dtype=torch.uint8)
    change = augment(("grid_distortion(p=1)", "elastic_transform(40, 4, 1)"), SPEC)
    assert all(torch.equal(change(plain, key), plain) for key in range(9))
    assert not torch.equal(change(tensor(), 0), tensor())


def test_two_steps_of_albumentations_draw_different_numbers():
    """With the same numbers the second flip would always take the first back."""
    change = augment(("A.HorizontalFlip(p=0.5)", "A.HorizontalFlip(p=0.5)"), SPEC)
    before = tensor()
    mirrored = sum(torch.equal(change(before, key), before.flip(2)) for key in range(200))
    assert 60 < mirrored < 140


@pytest.mark.parametrize("call", [call for call in CALLS if not call.startswith("resize")])
def test_an_augmentation_differs_from_key_to_key(call):
    change = augment((call,), SPEC)
    assert len({change(tensor(), key).numpy().tobytes() for key in range(40)}) > 1


def test_what_augmentations_draw_is_not_seen_outside():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    numpys, pythons = str(np.random.get_state()), random.getstate()  # noqa: NPY002 - the state that all share
    augment((*CALLS, "A.GaussNoise(p=1)", "A.GridDropout(p=1)"), SPEC)(tensor(), 2**64 - 1)
    assert torch.equal(torch.rand(3), expected)
    assert str(np.random.get_state()) == numpys  # noqa: NPY002 - the same
    assert random.getstate() == pythons


def test_a_flip_with_probability_one_mirrors_and_with_zero_does_nothing():
    before = tensor()
    assert torch.equal(augment(("horizontal_flip(1)",), SPEC)(before, 0), before.flip(2))
    assert torch.equal(augment(("vertical_flip(p=1.0)",), SPEC)(before, 0), before.flip(1))
    assert torch.equal(augment(("horizontal_flip(0)", "random_erasing(0)"), SPEC)(before, 0), before)


def test_corners_and_borders_take_the_mean_colour():
    spec = TransformSpec(image_size=24, mean=(0.2, 0.4, 0.6))
    white = torch.full((3, 24, 24), 255, dtype=torch.uint8)
    colours = {51, 102, 153, 255}
    for call in ("random_crop(24)", "random_erasing(1)"):
        change = augment((call,), spec)
        found = {tuple(pixel.tolist()) for key in range(9) for pixel in change(white, key).flatten(1).T}
        assert found == {(51, 102, 153), (255, 255, 255)}
    turned = augment(("rotation(45)",), spec)(white, 3)
    assert set(turned[:, 0, 0].tolist()) <= colours - {255}


def test_after_a_resize_a_random_crop_cuts_the_images_own_size():
    assert augment(("resize(40)", "random_crop(0)"), SPEC)(tensor(), 0).shape == (3, 24, 24)
    assert augment(("resize(40)",), SPEC)(tensor(), 0).shape == (3, 24, 24)


def test_augmentations_come_in_the_order_of_the_recipe():
    before = tensor()
    first = augment(("horizontal_flip(1)", "resize(12)"), SPEC)(before, 0)
    steps = augment(("resize(12)",), SPEC)(before.flip(2), 0)
    assert torch.equal(first, steps)


def test_transforms_travel_to_worker_processes():
    parts = eval_transform(SPEC), augment(tuple(CALLS), SPEC)
    whole, chance = pickle.loads(pickle.dumps(parts))  # noqa: S301 - our own bytes
    assert torch.equal(whole(image(30, 40)), parts[0](image(30, 40)))
    assert torch.equal(chance(tensor(), 5), parts[1](tensor(), 5))


def test_no_augmentation_is_none():
    assert augment((), SPEC) is None


def test_an_unknown_augmentation_lists_the_valid_ones_and_the_nearest():
    for reads in (canonical_augment, lambda names: augment(tuple(names), SPEC)):
        with pytest.raises(RecipeError) as caught:
            reads(["horizontal_flop(0.5)"])
        assert [name for name in AUGMENTATIONS if name not in caught.value.why] == []
        assert "horizontal_flip" in caught.value.todo


@pytest.mark.parametrize(
    "call",
    ["horizontal_flip(1.5)", "rotation(x)", "rand_augment(0)", "rand_augment(2, 31)", "random_crop(-1)", "resize",
     "resize(0)", "color_jitter(q=1)", "grid_distortion(0)", "elastic_transform(sigma=0)",
     "trivial_augment_wide(1)", "random_resized_crop(0)", "vertical_flip(nan)"],
)  # fmt: skip
def test_a_wrong_argument_is_found_when_the_recipe_is_read(call):
    with pytest.raises(RecipeError) as caught:
        canonical_augment([call])
    assert caught.value.why
    assert caught.value.todo


def test_the_canonical_text_names_and_gives_every_argument():
    names = ["horizontal_flip", "rotation(30)", "rand_augment( m=5 )", "resize(40)"]
    expected = ("horizontal_flip(p=0.5)", "rotation(degrees=30.0)", "rand_augment(m=5, n=2)", "resize(size=40)")
    assert canonical_augment(names) == expected
    assert canonical_augment(expected) == expected


def test_reading_a_recipe_imports_no_torch():
    code = (
        "import sys; from bench.augment.augmentations import canonical_augment as c; c(['rotation(5)']);"
        "import bench.data.datasets, bench.data.splits; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
