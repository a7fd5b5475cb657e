"""The random changes of training images that a recipe may name: one explicit table, name -> function.

Each takes the image after the deterministic transform (uint8, image_size x image_size) and the last leaves it at
that size. Reading a recipe imports no torch: torchvision comes in only where a function builds its step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any

from bench.calls import Call, bind, look_up, parse_call
from bench.errors import RecipeError
from bench.spec import TransformSpec

Step = Any
"""A torchvision transform, which has no types: uint8 tensor [3, H, W] -> uint8 tensor [3, H, W]."""

_KIND = "augmentation"
_LIMITS: dict[str, tuple[float, float]] = {
    "p": (0, 1),
    "degrees": (0, 180),
    "padding": (0, 1024),
    "min_scale": (0.01, 1),
    "strength": (0, 1),
    "n": (1, 14),
    "m": (0, 30),
    "size": (1, 4096),
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


def random_erasing(spec: TransformSpec, p: float = 0.25) -> Step:
    """Cover a rectangle with the mean colour with probability `p` (Zhong et al. 2020)."""
    return _v2().RandomErasing(p, value=_mean_colour(spec))


def resize(spec: TransformSpec, size: int) -> Step:
    """Resize to `size` x `size`, for example ahead of a `random_crop(0)`."""
    return _v2().Resize((size, size), _mode(spec), antialias=True)


AUGMENTATIONS: dict[str, Callable[..., Step]] = {
    "color_jitter": color_jitter,
    "horizontal_flip": horizontal_flip,
    "rand_augment": rand_augment,
    "random_crop": random_crop,
    "random_erasing": random_erasing,
    "random_resized_crop": random_resized_crop,
    "resize": resize,
    "rotation": rotation,
    "vertical_flip": vertical_flip,
}


def canonical_augment(names: Iterable[str]) -> tuple[str, ...]:
    """Write augmentations with every argument named and given: `horizontal_flip` is `horizontal_flip(p=0.5)`.

    Raises RecipeError for an unknown name (it lists the valid ones), a wrong argument or one out of its limits.
    """
    return tuple(str(Call(call.name, kwargs=arguments)) for call, _, arguments in map(_read, names))


def build_steps(names: Iterable[str], spec: TransformSpec) -> list[Step]:
    """Build the steps in the given order; a last one restores image_size where a `resize` changed it."""
    steps = [function(spec, **arguments) for _, function, arguments in map(_read, names)]
    if any(parse_call(name).name == "resize" for name in names):
        steps.append(resize(spec, spec.image_size))
    return steps


def _read(name: str) -> tuple[Call, Callable[..., Step], dict[str, Any]]:
    """Return the call that a text is, its function, and the arguments for it beside the spec."""
    call = parse_call(name, kind=_KIND)
    function = look_up(call, AUGMENTATIONS, kind=_KIND)
    arguments = bind(call, partial(function, TransformSpec(image_size=1)), kind=_KIND)
    for parameter, value in arguments.items():
        low, high = _LIMITS[parameter]
        if not low <= value <= high:
            raise RecipeError(
                f"The augmentation {call} has a wrong argument.",
                f"{parameter} must be from {low} to {high}, not {value}.",
                "Correct it in the recipe.",
            )
    return call, function, arguments


def _v2() -> Any:
    from bench.vision import torchvision  # noqa: PLC0415 - slow, and reading a recipe does not need it

    return import_module(f"{torchvision.__name__}.transforms.v2")


def _mode(spec: TransformSpec, *, bicubic: bool = True) -> Any:
    """Return the interpolation as torchvision names it; rotations of tensors know no bicubic one."""
    name = spec.interpolation if bicubic or spec.interpolation == "nearest" else "bilinear"
    return _v2().InterpolationMode(name)


def _mean_colour(spec: TransformSpec) -> list[float]:
    return [float(round(255 * value)) for value in spec.mean]
