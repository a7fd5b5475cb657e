"""The random changes of training images that a recipe may name: one explicit table, name -> function.

Each takes the image after the deterministic transform (uint8, image_size x image_size) and the last leaves it at
that size. Nothing is imported but where a function builds its step. Beside these a recipe may name any transform
of a library (`bench.augment.libraries`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench.spec import TransformSpec

Step = Any
"""Mostly a torchvision transform, which has no types: uint8 tensor [3, H, W] -> uint8 tensor [3, H, W]."""

_REFLECT_101 = 4  # OpenCV's number
LIMITS: dict[str, tuple[float, float]] = {
    "p": (0, 1),
    "degrees": (0, 180),
    "padding": (0, 1024),
    "min_scale": (0.01, 1),
    "strength": (0, 1),
    "n": (1, 14),
    "m": (0, 30),
    "size": (1, 4096),
    "num_magnitude_bins": (2, 1000),
    "num_steps": (1, 100),
    "distort_limit": (0, 1),
    "alpha": (0, 10_000),
    "sigma": (1, 256),
}
"""Smallest and largest value of each parameter, whatever function has it."""


def horizontal_flip(_spec: TransformSpec, p: float = 0.5) -> Step:
    """Mirror left and right with probability `p`."""
    return _v2().RandomHorizontalFlip(p)


def vertical_flip(_spec: TransformSpec, p: float = 0.5) -> Step:
    """Mirror top and bottom with probability `p`."""
    return _v2().RandomVerticalFlip(p)


def rotation(spec: TransformSpec, degrees: float = 15.0) -> Step:
    """Rotate by an angle from -degrees to degrees; corners take the mean colour."""
    return _v2().RandomRotation(degrees, _mode(spec, bicubic=False), fill=_mean_colour(spec))


def random_crop(spec: TransformSpec, padding: int = 4) -> Step:
    """Pad with the mean colour by `padding` pixels on each side and cut image_size x image_size anywhere."""
    return _v2().RandomCrop(spec.image_size, padding or None, pad_if_needed=True, fill=_mean_colour(spec))


def random_resized_crop(spec: TransformSpec, min_scale: float = 0.35) -> Step:
    """Cut a part of `min_scale` to 1 of the area (sides 3:4 to 4:3) and resize it to image_size."""
    return _v2().RandomResizedCrop(spec.image_size, (min_scale, 1.0), interpolation=_mode(spec), antialias=True)


def color_jitter(_spec: TransformSpec, strength: float = 0.4) -> Step:
    """Change brightness, contrast and saturation by a factor from 1 - strength to 1 + strength each."""
    return _v2().ColorJitter(strength, strength, strength)


def rand_augment(spec: TransformSpec, n: int = 2, m: int = 9) -> Step:
    """RandAugment (Cubuk et al. 2020): `n` of 14 changes with strength `m` of 30."""
    return _v2().RandAugment(n, m, interpolation=_mode(spec, bicubic=False), fill=_mean_colour(spec))


def trivial_augment_wide(spec: TransformSpec, num_magnitude_bins: int = 31) -> Step:
    """TrivialAugment (Mueller and Hutter 2021): one of 14 changes, of a strength drawn anew each time."""
    mode, fill = _mode(spec, bicubic=False), _mean_colour(spec)
    return _v2().TrivialAugmentWide(num_magnitude_bins, interpolation=mode, fill=fill)


def random_erasing(spec: TransformSpec, p: float = 0.25) -> Step:
    """Cover a rectangle with the mean colour with probability `p` (Zhong et al. 2020)."""
    return _v2().RandomErasing(p, value=_mean_colour(spec))


def grid_distortion(spec: TransformSpec, num_steps: int = 5, distort_limit: float = 0.3, p: float = 0.5) -> Step:
    """Squeeze and stretch the columns and rows of a grid, each by up to `distort_limit`, as albumentations does.

    The grid has `num_steps` cells a side, but no more than there are pixels.
    """
    cells = min(num_steps, spec.image_size)
    return _albumentations("GridDistortion", num_steps=cells, distort_limit=distort_limit, p=p)


def elastic_transform(_spec: TransformSpec, alpha: float = 1.0, sigma: float = 50.0, p: float = 0.5) -> Step:
    """Move pixels by `alpha` x noise smoothed over `sigma` pixels (Simard et al. 2003), as albumentations does.

    The defaults are the library's, and move no pixel by a fifth of one: `elastic_transform(300, 10)` is seen.
    """
    return _albumentations("ElasticTransform", alpha=alpha, sigma=sigma, p=p)


def resize(spec: TransformSpec, size: int) -> Step:
    """Resize to `size` x `size`, for example ahead of a `random_crop(0)`."""
    from bench.augment.library_steps import Resized  # noqa: PLC0415 - torch

    return Resized(_v2().Resize((size, size), _mode(spec), antialias=True), size)


AUGMENTATIONS: dict[str, Callable[..., Step]] = {
    "color_jitter": color_jitter,
    "elastic_transform": elastic_transform,
    "grid_distortion": grid_distortion,
    "horizontal_flip": horizontal_flip,
    "rand_augment": rand_augment,
    "random_crop": random_crop,
    "random_erasing": random_erasing,
    "random_resized_crop": random_resized_crop,
    "resize": resize,
    "rotation": rotation,
    "trivial_augment_wide": trivial_augment_wide,
    "vertical_flip": vertical_flip,
}


OF_ALBUMENTATIONS = ("elastic_transform", "grid_distortion")
"""Those of the table that albumentations computes, an optional package."""


def _v2() -> Any:
    from bench.models.vision import torchvision  # noqa: PLC0415 - slow, and reading a recipe does not need it

    return import_module(f"{torchvision.__name__}.transforms.v2")


def _albumentations(name: str, **arguments: float) -> Step:
    """Build a distortion that mirrors what it lacks at the borders, as was the default until albumentations 2."""
    from bench.augment.library_steps import AlbumentationsStep, Guarded  # noqa: PLC0415 - torch

    return Guarded(f"albumentations.{name}", AlbumentationsStep(name, {**arguments, "border_mode": _REFLECT_101}))


def _mode(spec: TransformSpec, *, bicubic: bool = True) -> Any:
    """Return the interpolation as torchvision names it; rotations of tensors know no bicubic one."""
    name = spec.interpolation if bicubic or spec.interpolation == "nearest" else "bilinear"
    return _v2().InterpolationMode(name)


def _mean_colour(spec: TransformSpec) -> list[float]:
    return [float(round(255 * value)) for value in spec.mean]
