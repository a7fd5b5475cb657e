"""Steps of an augmentation that other libraries compute: uint8 tensor [3, H, W] -> uint8 tensor [3, H, W]."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from bench.augment.albumentations_package import load
from bench.errors import RecipeError

Step = Callable[[Tensor], Tensor]

_IMAGE = torch.uint8, 3, 3
"""The type, the number of dimensions and the first of them."""


class AlbumentationsStep:
    """A transform of albumentations, which draws from a state of its own.

    Its seed for an image is the next number of torch's generator, which `Augment` of the images' transforms
    has seeded by the image's key: two such steps of one recipe draw different numbers, and no global state is
    touched.
    """

    def __init__(self, name: str, arguments: Mapping[str, Any]) -> None:
        self.name, self.arguments = name, dict(arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to take another transform; wrong arguments are errors
            self.transform = getattr(load(), name)(**self.arguments)
        self._opencv = import_module("cv2")

    def __reduce__(self) -> tuple[type[AlbumentationsStep], tuple[str, dict[str, Any]]]:
        return AlbumentationsStep, (self.name, self.arguments)

    def __call__(self, image: Tensor) -> Tensor:
        """Change one image."""
        self.transform.set_random_seed(int(torch.randint(2**63 - 1, ())))
        pixels = self._opencv.merge(tuple(image.numpy()))
        return torch.from_numpy(self.transform(image=pixels)["image"]).permute(2, 0, 1).contiguous()


class Resized:
    """Torchvision's resizing, also to one pixel: torch's kernel fails on that unless channels come last (2.13)."""

    def __init__(self, resize: Step, size: int) -> None:
        self.resize, self.size = resize, size

    def __call__(self, image: Tensor) -> Tensor:
        """Resize one image."""
        if self.size == 1:
            image = image.movedim(0, -1).contiguous().movedim(-1, 0)
        changed: Tensor = self.resize(image)
        return changed


class Guarded:
    """A step that raises RecipeError where the library fails, and where it gives something else than an image."""

    def __init__(self, text: str, step: Step) -> None:
        self.text, self.step = text, step

    def __call__(self, image: Tensor) -> Tensor:
        """Change one image; its sides may become others."""
        try:
            changed = self.step(image)
        except Exception as error:
            height, width = image.shape[1:]
            raise RecipeError(
                f"The augmentation {self.text} fails on an image of {width} x {height} pixels.",
                f"{type(error).__name__}: {_first_line(error)}",
                "Change its arguments, or take it out of the recipe.",
            ) from error
        if isinstance(changed, Tensor) and (changed.dtype, changed.ndim, len(changed)) == _IMAGE:
            return changed
        raise RecipeError(
            f"The augmentation {self.text} does not make an image of an image.",
            f"What it gives must be 3 x height x width of uint8, but is {_told(changed)}.",
            "Take it out of the recipe; images are scaled and normalized after all augmentations.",
        )


def try_out(steps: Iterable[Step], size: int) -> None:
    """Put an image of noise, size x size pixels, through steps; no random state changes."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        image = torch.randint(256, (3, size, size), dtype=torch.uint8)
        for step in steps:
            image = step(image)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["without a message"])[0]


def _told(value: object) -> str:
    if isinstance(value, Tensor):
        return f"{' x '.join(map(str, value.shape))} of {str(value.dtype).removeprefix('torch.')}"
    return f"of type {type(value).__name__}"
