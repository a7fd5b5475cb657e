"""Values of more than eight bits: read as the file has them, and scaled by the range of their dataset."""

from __future__ import annotations

import io

import numpy as np
import pytest
from encoded_images import deep_png, deep_tiff, encoded, pgm
from PIL import Image

from bench.data.images.decoding import decode
from bench.data.images.deep_pixels import deep_pixels
from bench.data.images.image_facts import inspect_image
from bench.data.images.image_opening import DamagedImageError, RefusedImageError
from bench.data.images.reading import Reading
from bench.data.images.value_range import value_range
from bench.errors import DataError
from bench.records.image_facts import PixelCounts

RANDOM = np.random.default_rng(3)
GREY = RANDOM.integers(0, 65_536, (7, 5)).astype(np.uint16)
COLOUR = RANDOM.integers(0, 65_536, (7, 5, 3)).astype(np.uint16)
WITH_ALPHA = RANDOM.integers(0, 65_536, (7, 5, 4)).astype(np.uint16)
GREY_ALPHA = RANDOM.integers(0, 65_536, (7, 5, 2)).astype(np.uint16)


def read(data):
    with Image.open(io.BytesIO(data)) as image:
        return deep_pixels(image, data)


def scaled(data, value_range_=None):
    return np.asarray(decode(data, "x", Reading(value_range=value_range_)))


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (deep_png(GREY), GREY),
        (encoded(GREY, "TIFF"), GREY),
        (encoded(GREY, "TIFF", compression="tiff_lzw"), GREY),
        (encoded(GREY, "TIFF", compression="tiff_adobe_deflate"), GREY),
        (deep_tiff(GREY, ">"), GREY),
        (pgm(GREY, 65_535), GREY),
        (pgm(GREY // 64, 1023), GREY // 64),
        (encoded(GREY.astype(np.int32), "TIFF"), GREY),
        (deep_tiff(GREY.astype(np.uint32) * 65_536), GREY.astype(np.uint32) * 65_536),
        (deep_tiff(GREY.astype(np.int16), kind=2), GREY.astype(np.int16)),
        (deep_tiff(GREY.astype(np.float32) / 7, ">", kind=3), GREY.astype(np.float32) / 7),
        (deep_tiff(GREY, photometric=0), 65_535 - GREY),
        (deep_png(COLOUR), COLOUR),
        (deep_tiff(COLOUR), COLOUR),
        (deep_tiff(COLOUR, ">"), COLOUR),
        (pgm(COLOUR, 65_535), COLOUR),
        (deep_png(WITH_ALPHA), WITH_ALPHA[..., :3]),
        (deep_tiff(WITH_ALPHA), WITH_ALPHA[..., :3]),
        (deep_tiff(WITH_ALPHA, ">"), WITH_ALPHA[..., :3]),
        (deep_png(GREY_ALPHA), GREY_ALPHA[..., 0]),
    ],
)
def test_every_value_is_the_files_own(data, values):
    found = read(data).values
    assert found.shape == values.shape
    assert (found == values).all()


def test_opacity_of_16_bits_is_read_too():
    for data, alpha in ((deep_png(WITH_ALPHA), WITH_ALPHA[..., 3]), (deep_png(GREY_ALPHA), GREY_ALPHA[..., 1])):
        assert read(data).alpha == pytest.approx(alpha / 65_535, abs=1e-6)
    keyed = read(deep_png(COLOUR, transparent=tuple(int(v) for v in COLOUR[2, 3]))).alpha
    assert (keyed == 0).sum() == 1
    assert keyed[2, 3] == 0


def test_eight_bits_are_not_deep():
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"):
        assert read(encoded(Image.new("RGB", (5, 4)).convert(mode), "TIFF")) is None


LEVELS = np.arange(256, dtype=np.uint16).reshape(16, 16)
"""Every value of eight bits."""


@pytest.mark.parametrize(
    ("data", "high"),
    [
        (deep_png(LEVELS), 255),
        (deep_png(LEVELS * 257), 65_535),
        (pgm(LEVELS, 65_535), 255),
        (pgm(LEVELS * 257, 65_535), 65_535),
        (encoded(LEVELS.astype(np.int32), "TIFF"), 255),
        (encoded((LEVELS * 257).astype(np.int32), "TIFF"), 65_535),
        (deep_tiff(LEVELS.astype(np.uint32) * 16_843_009), 2**32 - 1),
        (encoded(LEVELS.astype(np.float32), "TIFF"), 255),
        (encoded(LEVELS.astype(np.float32) / 255, "TIFF"), 1),
        (deep_png(np.repeat(LEVELS[..., None], 3, axis=2)), 255),
        (deep_tiff(np.repeat(LEVELS[..., None] * 257, 3, axis=2)), 65_535),
    ],
)
def test_the_range_that_holds_a_dataset_brings_back_all_levels(data, high):
    found = value_range(PixelCounts.of([inspect_image(data, "x")]))
    assert found == (0, high)
    assert (scaled(data, found) == LEVELS[..., None]).all()


def test_values_of_10_and_12_bits_take_their_own_range():
    for bits in (10, 12, 14):
        values = (LEVELS.astype(np.float64) * (2**bits - 1) / 255).round().astype(np.uint16)
        found = value_range(PixelCounts.of([inspect_image(deep_png(values), "x")]))
        assert found == (0, 2**bits - 1)
        assert (scaled(deep_png(values), found) == LEVELS[..., None]).all()


@pytest.mark.parametrize(("values", "magic"), [(GREY // 128, "P2"), (COLOUR // 128, "P3")])
def test_a_maximum_of_a_plain_text_image_needs_no_range(values, magic):
    """So a dark image stays dark: its values end at 511 of 1023."""
    numbers = " ".join(map(str, values.ravel()))
    data = f"{magic}\n# from a scanner\n5 7\n1023\n# values\n{numbers}\n".encode()
    assert PixelCounts.of([inspect_image(data, "x")]).high is None
    assert (scaled(data) == np.rint(values * (255 / 1023)).reshape(7, 5, -1)).all()


def test_a_maximum_that_the_file_declares_needs_no_range():
    """An image that is dark in its own range stays dark, whatever the dataset's other images are."""
    data = pgm(LEVELS, 1023)
    assert PixelCounts.of([inspect_image(data, "x")]).high is None
    for range_ in (None, (0, 255)):
        assert scaled(data, range_).max() == round(255 * 255 / 1023)


def test_a_dark_and_a_bright_image_stay_dark_and_bright():
    images = [deep_png(np.full((4, 4), level, np.uint16)) for level in (20, 240)]
    found = value_range(PixelCounts.of(inspect_image(data, "x") for data in images))
    assert [int(scaled(data, found)[0, 0, 0]) for data in images] == [20, 240]


@pytest.mark.parametrize(
    ("low", "high", "floating", "expected"),
    [
        (0, 0, False, (0, 255)),
        (0, 256, False, (0, 1023)),
        (0, 61_680, False, (0, 65_535)),
        (0, 70_000, False, (0, 2**18 - 1)),
        (-1024, 3071, False, (-1024, 3071)),
        (-5, -5, False, (-5, -4)),
        (0.0, 0.2, True, (0, 1)),
        (-0.5, 0.9, True, (-0.5, 0.9)),
        (0.0, 1.05, True, (0, 1.05)),
        (0.0, 20.0, True, (0, 20)),
        (0.0, 254.5, True, (0, 255)),
        (0.0, 3000.0, True, (0, 4095)),
    ],
)
def test_the_range_follows_from_the_extremes_of_all_images(low, high, floating, expected):
    names = ("float_low", "float_high") if floating else ("low", "high")
    assert value_range(PixelCounts(deep=3, **dict(zip(names, (low, high), strict=True)))) == expected


@pytest.mark.parametrize(
    "counts",
    [PixelCounts(low=0, high=9, float_low=0, float_high=1), PixelCounts(float_low=-3.4e38, float_high=900)],
)
def test_a_range_that_cannot_be_known_is_refused_with_what_to_do(counts):
    with pytest.raises(DataError) as caught:
        value_range(counts)
    assert "--set 'value_range=" in caught.value.todo


def test_negative_values_are_scaled_from_the_smallest():
    values = np.array([[-1000, 0, 3000]], np.int16)
    assert scaled(deep_tiff(values, kind=2), (-1000, 3000))[0, :, 0].tolist() == [0, 64, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_numbers_are_refused(value):
    data = encoded(np.array([[0.5, value]], np.float32), "TIFF")
    assert "not finite" in inspect_image(data, "x").refused
    with pytest.raises(RefusedImageError, match="not finite") as caught:
        decode(data, "maps/a.tif", Reading(value_range=(0, 1)))
    assert "maps/a.tif" in caught.value.what


@pytest.mark.parametrize(
    "data",
    [
        deep_png(LEVELS),
        deep_png(LEVELS * 16),
        encoded(LEVELS.astype(np.int32), "TIFF"),
        encoded(LEVELS.astype(np.float32), "TIFF"),
    ],
)
def test_alone_an_image_that_does_not_need_all_of_its_depth_is_refused(data):
    with pytest.raises(RefusedImageError, match="is not known"):
        decode(data, "x")


def test_alone_an_image_that_needs_all_of_its_depth_is_scaled_by_it():
    for data in (deep_png(LEVELS * 257), encoded(LEVELS.astype(np.float32) / 255, "TIFF")):
        assert (scaled(data) == LEVELS[..., None]).all()


def test_16_bit_colours_in_separate_planes_are_refused_and_not_decoded_to_noise():
    assert "separate planes" in inspect_image(deep_tiff(COLOUR, planes=True), "x").damaged
    with pytest.raises(DamagedImageError, match="save it interleaved"):
        decode(deep_tiff(COLOUR, planes=True), "x")
    shallow = (COLOUR // 257).astype(np.uint8)
    assert (scaled(deep_tiff(shallow, planes=True)) == shallow).all()


def test_transparent_deep_pixels_come_on_the_ground():
    values = np.array([[[0, 0, 0, 0], [65_535, 0, 0, 65_535]]], np.uint16)
    for ground, level in (("black", 0), ("grey", 128), ("white", 255)):
        found = np.asarray(decode(deep_png(values), "x", Reading(ground=ground)))
        assert found.tolist() == [[[level] * 3, [255, 0, 0]]]


@pytest.mark.parametrize("data", [deep_png(COLOUR), deep_tiff(COLOUR), pgm(COLOUR, 4095), pgm(GREY, 4095)])
def test_a_deep_image_cut_short_is_damaged(data):
    cut = data[: len(data) // 2]
    assert inspect_image(cut, "x").damaged
    with pytest.raises(DamagedImageError):
        decode(cut, "x")
