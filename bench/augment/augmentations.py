"""A recipe's list of augmentations: read, checked, and built into steps.

Each is one of the table in `bench.augment.table`, or a library's transform: `albumentations.Solarize`.
Reading a list imports no torch, unless a library's transform is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

from bench.augment.albumentations_package import require
from bench.augment.library_calls import is_library_call, parse_library_call
from bench.augment.table import AUGMENTATIONS, LIMITS, OF_ALBUMENTATIONS, Step, resize
from bench.calls import Call, bind, look_up, parse_call
from bench.errors import RecipeError
from bench.spec import TransformSpec

_KIND = "augmentation"


@dataclass(frozen=True)
class _Read:
    """An augmentation as a recipe names it, with every argument named and given; `build` makes its step.

    `surely` makes the same without a chance that an image is left alone; `resizes` says that sides may change.
    """

    text: str
    build: Callable[[TransformSpec], Step]
    surely: Callable[[TransformSpec], Step]
    resizes: bool


def canonical_augment(names: Iterable[str], transform: TransformSpec | None = None) -> tuple[str, ...]:
    """Write augmentations with every argument named and given: `horizontal_flip` is `horizontal_flip(p=0.5)`.

    Raises RecipeError for an unknown name (it lists the valid ones), a wrong argument or one out of its limits, a
    package that is not installed and, with a `transform`, a library's that fails on images of its size.
    """
    texts = tuple(_read(name).text for name in names)
    if transform is not None and any(map(is_library_call, texts)):
        _try_out(texts, transform)
    return texts


def build_steps(names: Iterable[str], spec: TransformSpec) -> list[Step]:
    """Build the steps in the given order; a last one restores image_size where another may have changed it."""
    read = [_read(name) for name in names]
    return [*(each.build(spec) for each in read), *_restored(read, spec)]


def packages_of(names: Iterable[str]) -> tuple[str, ...]:
    """Name the optional packages that compute augmentations, as recipes write them."""
    bare = (name.partition("(")[0].partition(".") for name in names)
    if any(first == "albumentations" or first in OF_ALBUMENTATIONS for first, _, _ in bare):
        return ("albumentations", "opencv-python", "opencv-python-headless")
    return ()


def base_name(text: str) -> str:
    """Name what an augmentation does, whoever computes it: `A.HorizontalFlip(p=1)` is a `horizontal_flip`.

    Raises RecipeError for what cannot be read.
    """
    name = parse_library_call(text).name if is_library_call(text) else parse_call(text, kind=_KIND).name
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().removeprefix("random_")


@lru_cache(maxsize=256)
def _try_out(texts: tuple[str, ...], spec: TransformSpec) -> None:
    from bench.augment.library_steps import try_out  # noqa: PLC0415 - torch

    read = [_read(text) for text in texts]
    try_out([each.surely(spec) for each in read], spec.image_size)


def _restored(read: Iterable[_Read], spec: TransformSpec) -> list[Step]:
    return [resize(spec, spec.image_size)] if any(each.resizes for each in read) else []


def _read(name: str) -> _Read:
    return _of_a_library(name) if is_library_call(name) else _of_the_table(name)


def _of_a_library(name: str) -> _Read:
    from bench.augment.libraries import certain, library_step, read_library_call  # noqa: PLC0415 - torch

    call = read_library_call(name)
    return _Read(str(call), lambda _: library_step(call), lambda _: library_step(certain(call)), resizes=True)


def _of_the_table(name: str) -> _Read:
    call = parse_call(name, kind=_KIND)
    function = look_up(call, AUGMENTATIONS, kind=_KIND)
    arguments = bind(call, partial(function, TransformSpec(image_size=1)), kind=_KIND)
    for parameter, value in arguments.items():
        low, high = LIMITS[parameter]
        if not low <= value <= high:
            raise RecipeError(
                f"The augmentation {call} has a wrong argument.",
                f"{parameter} must be from {low} to {high}, not {value}.",
                "Correct it in the recipe.",
            )
    if call.name in OF_ALBUMENTATIONS:
        require(f"The augmentation {call.name}")
    build = partial(function, **arguments)
    return _Read(str(Call(call.name, kwargs=arguments)), build, build, resizes=call.name == "resize")
