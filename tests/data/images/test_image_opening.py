"""Images that would take too much memory are refused; large honest ones are read."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from encoded_images import encoded
from PIL import Image

from bench.data.images.decoding import decode
from bench.data.images.image_facts import inspect_image
from bench.data.images.image_opening import RefusedImageError


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_many_pixels_in_few_bytes_are_refused(mode):
    data = encoded(Image.new(mode, (12_000, 9_000)))
    assert "12,000 x 9,000 pixels" in inspect_image(data, "x").refused
    with pytest.raises(RefusedImageError) as caught:
        decode(data, "images/bomb.png")
    assert "images/bomb.png" in caught.value.what
    assert caught.value.todo


def test_a_plain_image_whose_memory_is_harmless_is_read():
    """Scans and masks have few bytes for their pixels."""
    data = encoded(Image.new("L", (4000, 3000), 255))
    assert len(data) < 100_000
    assert inspect_image(data, "x").unusable is None
    assert decode(data, "x").size == (4000, 3000)


def test_a_header_that_claims_more_pixels_than_any_memory_is_refused():
    for width, height in ((200_000, 200_000), (2**31 - 1, 2**31 - 1)):
        facts = inspect_image(b"P5\n%d %d\n255\n" % (width, height) + b"\0" * 1000, "x")
        assert facts.unusable


def test_an_honest_photograph_of_200_megapixels_is_read_and_nothing_is_printed(tmp_path):
    """Pillow alone refuses it. Grey: that takes a third of the memory."""
    grain = np.random.default_rng(0).integers(0, 256, (1000, 1000), dtype=np.uint8)
    Image.fromarray(np.tile(grain, (14, 15))).save(tmp_path / "large.jpg", quality=50)
    code = (
        "from bench.data.images.image_facts import inspect_image;"
        f"print(inspect_image(open({str(tmp_path / 'large.jpg')!r}, 'rb').read(), 'x'))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "width=15000, height=14000" in ended.stdout
    assert "refused=None" in ended.stdout
    assert "damaged=None" in ended.stdout
    assert ended.stderr == ""
