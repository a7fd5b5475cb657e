"""How many images of 224 x 224 pixels one core augments in a second, side by side in one run.

`pytest --benchmark-only tests/benchmarks/test_augmentations.py` on an otherwise idle machine; about a minute.
"""

from __future__ import annotations

import inspect
import statistics
import time

import torch

from bench.augment.table import AUGMENTATIONS
from bench.data.images.transforms import Augment, augment
from bench.hardware.device import one_thread
from bench.spec import TransformSpec

SPEC = TransformSpec(image_size=224)
LIBRARIES = [
    "A.HorizontalFlip(p=1)",
    "A.RandomBrightnessContrast(p=1)",
    "A.CoarseDropout(p=1)",
    "A.Affine(rotate=(-15, 15), p=1)",
    "torchvision.RandomAffine(15)",
    "torchvision.GaussianBlur(3)",
]
ROUNDS, IMAGES = 9, 40


def always(name: str) -> str:
    """Name one of the table so that chance leaves no image alone."""
    parameters = inspect.signature(AUGMENTATIONS[name]).parameters
    return "resize(256)" if name == "resize" else f"{name}(p=1)" if "p" in parameters else name


def test_images_a_second_of_each_augmentation(benchmark, say):
    """In seconds of the processor, so that what else the machine does disturbs little."""
    changes = {text: augment((text,), SPEC) for text in [*map(always, sorted(AUGMENTATIONS)), *LIBRARIES]}
    images = torch.randint(256, (IMAGES, 3, 224, 224), dtype=torch.uint8)
    seconds: dict[str, list[float]] = {text: [] for text in changes}

    def one_of_each() -> None:
        for text, change in changes.items():
            assert isinstance(change, Augment)
            start = time.process_time()
            for number, image in enumerate(images):
                change(image, number)
            seconds[text].append(time.process_time() - start)

    with one_thread():
        benchmark.pedantic(one_of_each, rounds=ROUNDS, warmup_rounds=1)
    say("\nimages a second on one core")
    for text, found in seconds.items():
        rates = [IMAGES / each for each in found[1:]]
        say(f"{text:35s} {statistics.median(rates):9,.0f}   {min(rates):9,.0f} - {max(rates):,.0f}")
    assert all(len(found) == ROUNDS + 1 for found in seconds.values())
