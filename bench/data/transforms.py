"""From an image to the tensor that a backbone takes: the deterministic part, then scaling, then chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.data.augmentations import build_steps
from bench.spec import TransformSpec

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True)
class EvalTransform:
    """An RGB image -> uint8 [3, size, size]: resize the shorter side to floor(size / crop_pct), crop the centre.

    The pixels are those of timm's evaluation transform: PIL's resampling, which filters when it shrinks.
    """

    size: int
    resize_to: int
    interpolation: str

    def __call__(self, image: Image.Image) -> Tensor:
        """Resize and crop one image of any size."""
        shorter = min(image.size)
        width, height = (int(self.resize_to * side / shorter) for side in image.size)
        if (width, height) != image.size:
            image = image.resize((width, height), _RESAMPLING[self.interpolation])
        left, top = (round((side - self.size) / 2) for side in (width, height))
        pixels = np.asarray(image)[top : top + self.size, left : left + self.size]
        return torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))


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
