"""Image files of every kind, whole and broken."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_layouts import BUILDERS
from PIL import Image

from bench.data.datasets import open_dataset
from bench.data.decoding import decode
from bench.errors import DataError


def encoded(image, format_="PNG", **options):
    import io

    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_an_image_of_any_mode_becomes_rgb(mode):
    image = Image.new("RGB", (5, 4), (200, 100, 50)).convert(mode)
    assert decode(encoded(image, "TIFF"), "x").mode == "RGB"


def test_of_a_16_bit_image_the_upper_eight_bits_count():
    image = Image.fromarray(np.array([[0, 256, 65535]], dtype=np.uint16))
    assert np.asarray(decode(encoded(image), "x"))[0].tolist() == [[0] * 3, [1] * 3, [255] * 3]


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
