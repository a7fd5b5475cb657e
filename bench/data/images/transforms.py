"""From an image to the tensor that a backbone takes: the deterministic part, then scaling, then chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.augment.augmentations import build_steps
from bench.spec import TransformSpec

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


_LARGEST = 1 << 24
"""Pixels of an image that is resized as a whole; of a larger one, only what the crop keeps is computed."""

_MARGIN = 4
"""Pixels of the resized image beside the crop that resampling may read: bicubic reads two on each side."""

_Box = tuple[float, float]


@dataclass(frozen=True)
class EvalTransform:
    """An RGB image -> uint8 [3, size, size]: resize the shorter side to floor(size / crop_pct), crop the centre.

    The pixels are those of timm's evaluation transform: PIL's resampling, which filters when it shrinks. Of images
    hundreds of times longer than wide they may differ by rounding.
    """

    size: int
    resize_to: int
    interpolation: str

    def __call__(self, image: Image.Image) -> Tensor:
        """Resize and crop one image of any size; the memory it takes does not grow with the ratio of its sides."""
        shorter = min(image.size)
        width, height = (int(self.resize_to * side / shorter) for side in image.size)
        left, top = (round((side - self.size) / 2) for side in (width, height))
        if width * height > max(_LARGEST, 4 * self.resize_to**2):
            image = self._crop_resized(image, (width, height), (left, top))
            left, top = 0, 0
        elif (width, height) != image.size:
            image = image.resize((width, height), _RESAMPLING[self.interpolation])
        pixels = np.asarray(image)[top : top + self.size, left : left + self.size]
        return torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))

    def _crop_resized(self, image: Image.Image, resized: tuple[int, int], corner: tuple[int, int]) -> Image.Image:
        """Compute the crop of the resized image alone, along the axis that Pillow takes first: the cheaper one.

        The image is cut before, for Pillow holds the corners of a box in single precision.
        """
        width_first = resized[0] * image.height <= image.width * resized[1]
        (left, right, columns), (top, bottom, rows) = (
            self._part(*axis) for axis in zip(image.size, resized, corner, strict=True)
        )
        image = image.crop((left, top, right, bottom))
        for along_width in (width_first, not width_first):
            if along_width:
                box, size = (columns[0], 0.0, columns[1], float(image.height)), (self.size, image.height)
            else:
                box, size = (0.0, rows[0], float(image.width), rows[1]), (image.width, self.size)
            image = image.resize(size, _RESAMPLING[self.interpolation], box)
        return image

    def _part(self, side: int, resized: int, first: int) -> tuple[int, int, _Box]:
        """Return what of a side is read, in whole pixels, and where in that the crop begins and ends."""
        scale = side / resized
        reach = _MARGIN * max(scale, 1.0)
        begin, end = first * scale, (first + self.size) * scale
        start = max(0, math.floor(begin - reach))
        return start, min(side, math.ceil(end + reach)), (begin - start, end - start)


def eval_transform(spec: TransformSpec) -> EvalTransform:
    """Return the deterministic part of a transform: an RGB image -> uint8 [3, image_size, image_size]."""
    return EvalTransform(spec.image_size, math.floor(spec.image_size / spec.crop_pct), spec.interpolation)


def normalize(
    batch: Tensor,
    spec: TransformSpec,
    device: torch.device | str | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Scale a uint8 batch [N, 3, H, W] to [0, 1], subtract the mean, divide by the deviation; on `device`."""
    scaled = batch.to(device=device, non_blocking=True).to(torch.float32).div_(255)
    mean, std = (torch.tensor(values, device=scaled.device).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    return scaled.sub_(mean).div_(std).to(dtype)


class Augment:
    """Random changes of one uint8 image [3, size, size], the same for the same key on every machine and thread.

    It draws from torch's global generator, which it puts back as it was: only one thread at a time may use it.
    """

    def __init__(self, names: tuple[str, ...], spec: TransformSpec) -> None:
        self.size = spec.image_size
        self.steps = build_steps(names, spec)

    def __call__(self, image: Tensor, key: int) -> Tensor:
        """Change one image by the random numbers of `key`, 64 bits."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(key)
            for step in self.steps:
                image = step(image)
        return image


def augment(names: tuple[str, ...], spec: TransformSpec) -> Augment | None:
    """Return the random part of a recipe's transform, or None where it has none.

    Raises RecipeError for an unknown name or a wrong argument.
    """
    return Augment(names, spec) if names else None
