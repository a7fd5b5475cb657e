"""What is seen of an image before it trains."""

from __future__ import annotations

import io

import numpy as np
import pytest
from encoded_images import deep_png, encoded, turned
from PIL import Image, PngImagePlugin

from bench.data.images.image_facts import inspect_image
from bench.records.image_facts import ImageFacts, PixelCounts

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
LOGO = Image.new("RGBA", (20, 20))
LOGO.paste((10, 20, 30, 255), (5, 5, 15, 15))
LIGHT = Image.new("RGBA", (20, 20))
LIGHT.paste((250, 240, 230, 255), (5, 5, 15, 15))


def heic(image, **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, **options)
    return stream.getvalue()


def keyed(image, colour):
    return encoded(image, "PNG", transparency=colour)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_orientation_other_than_upright_is_seen(format_, orientation):
    facts = inspect_image(turned(PHOTO, orientation, format_), "x")
    assert facts.turned
    assert (facts.width, facts.height) == (64, 48)


@pytest.mark.parametrize("orientation", [0, 1, 9, 65_535])
def test_an_orientation_that_is_upright_or_no_orientation_turns_nothing(orientation):
    assert not inspect_image(turned(PHOTO, orientation), "x").turned


def test_a_damaged_exif_block_turns_nothing():
    facts = inspect_image(encoded(PHOTO, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), "x")
    assert facts == ImageFacts(64, 48)


def test_an_orientation_in_xmp_is_seen():
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta><rdf tiff:Orientation="6"/></x:xmpmeta>')
    assert inspect_image(encoded(PHOTO, "PNG", pnginfo=info), "x").turned


def test_what_pillow_and_pillow_heif_turn_themselves_is_upright():
    assert not inspect_image(turned(PHOTO, 6, "TIFF"), "x").turned
    assert not inspect_image(heic(PHOTO), "x.heic").turned


@pytest.mark.parametrize(
    "data",
    [
        encoded(LOGO),
        encoded(LOGO.convert("LA")),
        encoded(LOGO.convert("PA").convert("RGBA").quantize(8)),
        encoded(LOGO, "WEBP", lossless=True),
        encoded(LOGO, "TIFF"),
        encoded(LOGO, "GIF"),
        encoded(LOGO, "AVIF", quality=100),
        keyed(Image.fromarray(np.array([[0, 9]], np.uint8)), 9),
        keyed(Image.fromarray(np.array([[[0, 0, 0], [9, 9, 9]]], np.uint8)), (9, 9, 9)),
        deep_png(np.array([[0, 900]], np.uint16), transparent=(900,)),
    ],
)
def test_a_dark_image_on_transparent_ground_is_transparent_and_dark(data):
    facts = inspect_image(data, "x")
    assert (facts.transparent, facts.dark) == (True, True)


def test_a_light_image_on_transparent_ground_is_not_dark():
    facts = inspect_image(encoded(LIGHT), "x")
    assert (facts.transparent, facts.dark) == (True, False)


@pytest.mark.parametrize(
    "data",
    [
        encoded(PHOTO.convert("RGBA")),
        encoded(PHOTO.convert("LA")),
        keyed(Image.fromarray(np.array([[0, 8]], np.uint8)), 9),
        encoded(PHOTO),
    ],
)
def test_alpha_that_is_opaque_everywhere_is_not_transparency(data):
    facts = inspect_image(data, "x")
    assert (facts.transparent, facts.dark) == (False, False)


def test_an_image_of_which_nothing_is_opaque_is_not_dark():
    facts = inspect_image(encoded(Image.new("RGBA", (4, 4))), "x")
    assert (facts.transparent, facts.dark) == (True, False)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9])
def test_an_image_cut_short_is_damaged(format_, share):
    data = encoded(PHOTO, format_)
    assert inspect_image(data, "x") == ImageFacts(64, 48)
    facts = inspect_image(data[: int(share * len(data))], "x")
    assert facts.damaged
    assert facts.unusable == facts.damaged


def test_random_bytes_in_an_image_never_raise():
    random = np.random.default_rng(1)
    whole = [encoded(PHOTO, name) for name in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF")]
    for data in (*whole, deep_png(np.arange(64, dtype=np.uint16).reshape(8, 8)), heic(PHOTO)):
        for _ in range(40):
            changed = bytearray(data)
            for place in random.integers(0, min(len(data), 400), 6):
                changed[place] = random.integers(0, 256)
            inspect_image(bytes(changed), "x")


def test_counts_add_up_and_leave_out_what_cannot_be_read():
    whole = [
        ImageFacts(turned=True),
        ImageFacts(transparent=True, dark=True),
        ImageFacts(deep=True, low=3, high=900),
        ImageFacts(deep=True, low=1, high=40),
        ImageFacts(deep=True, floating=True, low=-1, high=0.5),
    ]
    unusable = [ImageFacts(damaged="it is cut short"), ImageFacts(turned=True, refused="it is too large")]
    counts = PixelCounts.of(whole[:2]) + PixelCounts.of([*whole[2:], *unusable])
    assert counts == PixelCounts(5, 1, 1, 1, 3, 1, 900, -1, 0.5)
    assert PixelCounts(**counts.to_json()) == counts
