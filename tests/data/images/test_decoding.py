"""Image files of every kind become RGB, turned, composited and scaled as asked; broken ones are named."""

from __future__ import annotations

import io

import numpy as np
import pytest
from dataset_layouts import BUILDERS
from encoded_images import encoded, turned
from PIL import Image, ImageOps

from bench.data.datasets import open_dataset
from bench.data.images.decoding import decode
from bench.data.images.image_facts import inspect_image
from bench.data.images.reading import Reading
from bench.errors import DataError

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
FOLLOW = Reading(exif="follow")


def pixels(data, reading=Reading()):  # noqa: B008 - frozen
    return np.asarray(decode(data, "x", reading)).tolist()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_an_image_of_any_mode_becomes_rgb(mode):
    image = Image.new("RGB", (5, 4), (200, 100, 50))
    made = Image.new("LAB", (5, 4), (150, 140, 120)) if mode == "LAB" else image.convert(mode)
    found = decode(encoded(made, "TIFF"), "x")
    assert (found.mode, found.size) == ("RGB", (5, 4))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(Image.fromarray(np.array([[0, 255]], bool))), [[0] * 3, [255] * 3]),
        (encoded(np.array([[7, 200]], np.uint8)), [[7] * 3, [200] * 3]),
        (encoded(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)), [[1, 2, 3], [4, 5, 6]]),
        (encoded(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8), "GIF"), [[1, 2, 3], [4, 5, 6]]),
        (encoded(Image.new("CMYK", (2, 1), (255, 0, 0, 0)), "TIFF"), [[0, 255, 255]] * 2),
        (encoded(np.array([[0, 256, 65_535]], np.uint16)), [[0] * 3, [1] * 3, [255] * 3]),
        (b"P2\n2 1\n15\n0 15\n", [[0] * 3, [255] * 3]),
        (b"P1\n2 1\n0 1\n", [[255] * 3, [0] * 3]),
    ],
)
def test_values_are_those_that_the_file_means(data, expected):
    assert pixels(data)[0] == expected


def test_a_jpeg_of_cmyk_is_read_with_adobes_inversion():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # red
    assert np.abs(np.asarray(decode(encoded(image, "JPEG", quality=100), "x")) - [255, 0, 0]).max() <= 3


def test_of_an_animation_the_first_frame_is_taken():
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 0, 255)))
    for format_ in ("GIF", "WEBP", "PNG", "TIFF"):
        options = {"lossless": True} if format_ == "WEBP" else {}
        data = encoded(red, format_, save_all=True, append_images=[blue], **options)
        assert pixels(data)[0][0] == [255, 0, 0], format_


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize(("ground", "level"), [("black", 0), ("grey", 128), ("white", 255)])
def test_transparent_pixels_come_on_the_ground_whatever_colour_they_hide(format_, ground, level):
    image = Image.new("RGBA", (2, 1), (90, 200, 10, 0))
    image.putpixel((1, 0), (200, 100, 50, 255))
    options = {"lossless": True} if format_ == "WEBP" else {}
    if format_ == "AVIF":
        options = {"quality": 100, "subsampling": "4:4:4"}
    found = np.asarray(decode(encoded(image, format_, **options), "x", Reading(ground=ground)), dtype=int)
    assert np.abs(found[0] - [[level] * 3, [200, 100, 50]]).max() <= (4 if format_ == "AVIF" else 0)


def test_half_transparent_pixels_mix_with_the_ground():
    image = Image.new("RGBA", (1, 1), (200, 100, 0, 51))  # a fifth
    assert pixels(encoded(image), Reading(ground="white")) == [[[244, 224, 204]]]
    assert pixels(encoded(image), Reading(ground="black")) == [[[40, 20, 0]]]


def test_palettes_and_colour_keys_are_transparent_too():
    keyed = encoded(np.array([[3, 9]], np.uint8), "PNG", transparency=9)
    logo = Image.new("RGBA", (2, 1))
    logo.putpixel((0, 0), (3, 3, 3, 255))
    for data in (keyed, encoded(logo.quantize(2)), encoded(logo, "GIF")):
        assert pixels(data, Reading(ground="white"))[0][1] == [255] * 3
        assert pixels(data, Reading(ground="white"))[0][0] == [3] * 3


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_followed_an_orientation_shows_what_viewers_show(format_, orientation):
    data = turned(PHOTO, orientation, format_)
    with Image.open(io.BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")
        stored = image.convert("RGB")
    assert decode(data, "x", FOLLOW).tobytes() == expected.tobytes()
    assert decode(data, "x").tobytes() == stored.tobytes()


def test_what_the_decoder_turns_itself_is_not_turned_twice():
    data = turned(PHOTO, 6, "TIFF")
    assert decode(data, "x").size == (48, 64)
    assert decode(data, "x", FOLLOW).tobytes() == decode(data, "x").tobytes()


def test_a_heic_image_is_read_with_its_plugin():
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), (200, 30, 30))).save(stream, quality=100)
    found = np.asarray(decode(stream.getvalue(), "a.heic"))
    assert found.shape == (48, 64, 3)
    assert np.abs(found.astype(int) - [200, 30, 30]).max() <= 6


def test_without_the_plugin_a_heic_image_is_refused_with_what_to_install(monkeypatch):
    from bench.data.images import image_opening

    monkeypatch.setattr(image_opening, "find_spec", lambda _: None)
    image_opening._register_heif.cache_clear()
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100
    assert "pillow-heif" in inspect_image(data, "a.heic").refused
    with pytest.raises(DataError) as caught:
        decode(data, "a.heic")
    assert "pip install" in caught.value.todo


@pytest.mark.parametrize("share", [0, 0.1, 0.6])
def test_a_corrupt_image_is_named_in_the_error(share, tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    image = layout.folder / "images" / "001.ant" / "ant_0000.jpg"
    image.write_bytes(image.read_bytes()[: int(share * image.stat().st_size)])
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    with pytest.raises(DataError) as caught:
        dataset.images("train").image(0)
    assert str(image) in caught.value.what
    assert "object at 0x" not in caught.value.why
    assert caught.value.todo
