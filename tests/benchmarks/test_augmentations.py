"""How many images of 224 x 224 pixels one core augments in a second, side by side in one run.

`pytest --benchmark-only tests/benchmarks/test_augmentations.py` on an otherwise idle machine; about a minute.
"""

from __future__ import annotations

import statistics
import time

import torch

from bench.data.augmentation_table import AUGMENTATIONS
from bench.data.transforms import Augment, augment
from bench.device import one_thread
from bench.spec import TransformSpec

SPEC = TransformSpec(image_size=224)
LIBRARIES = ["albumentations.HorizontalFlip", "albumentations.RandomBrightnessContrast", "albumentations.CoarseDropout",
             "albumentations.Affine", "torchvision.GaussianBlur(kernel_size=3)"]  # fmt: skip
ROUNDS, IMAGES = 5, 60


def always(name: str) -> str:
    """The augmentation as it is when it is not left out by chance."""
    from bench.data.augmentations import canonical_augment

    (text,) = canonical_augment(["resize(256)" if name == "resize" else name])
    return text.replace("p=0.25", "p=1.0").replace("p=0.5", "p=1.0")


def test_images_a_second_of_each_augmentation(benchmark, say):
    changes = {text: augment((text,), SPEC) for text in map(always, [*sorted(AUGMENTATIONS), *LIBRARIES])}
    images = torch.randint(256, (IMAGES, 3, 224, 224), dtype=torch.uint8)
    seconds: dict[str, list[float]] = {text: [] for text in changes}

    def one_of_each() -> None:
        for text, change in changes.items():
            assert isinstance(change, Augment)
            start = time.perf_counter()
            for number, image in enumerate(images):
                change(image, number)
            seconds[text].append(time.perf_counter() - start)

    with one_thread():
        benchmark.pedantic(one_of_each, rounds=ROUNDS, warmup_rounds=1)
    say("\nimages a second on one core")
    for text, found in seconds.items():
        rates = [IMAGES / each for each in found[1:]]
        say(f"{text:105s} {statistics.median(rates):9,.0f}   {min(rates):9,.0f} - {max(rates):,.0f}")
    assert all(len(found) == ROUNDS + 1 for found in seconds.values())
