"""The transforms of albumentations and torchvision that a recipe may name: looked up, checked and built."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

from bench.augment.albumentations_package import load
from bench.augment.library_calls import LibraryCall, parse_library_call
from bench.augment.library_steps import AlbumentationsStep, Guarded
from bench.augment.table import Step
from bench.errors import RecipeError, did_you_mean, unknown_name

SHORT = {"A": "albumentations"}
"""What a library is called in most code -> its name here."""

_FOR_MASKS = ("fill_mask", "mask_interpolation", "mask_drop_value", "keypoint_remapping_method")
"""Arguments of albumentations that change masks and key points only, so no part of what a recipe means."""

_ALBUMENTATIONS_NEED = {
    "boxes": ("AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "RandomCropNearBBox", "RandomSizedBBoxSafeCrop"),
    "boxes or a mask": ("ConstrainedCoarseDropout", "CropNonEmptyMaskIfExists", "MaskDropout"),
    "other images": ("FDA", "HistogramMatching", "Mosaic", "OverlayElements", "PixelDistributionAdaptation"),
    "a volume": ("CenterCrop3D", "CoarseDropout3D", "CubicSymmetry", "Pad3D", "PadIfNeeded3D", "RandomCrop3D",
                 "ToTensor3D"),
    "a function": ("Lambda",),
    "a font and texts": ("TextImage",),
}  # fmt: skip
_TORCHVISION_NEEDS = {
    "boxes or key points": ("ClampBoundingBoxes", "ClampKeyPoints", "ConvertBoundingBoxFormat", "RandomIoUCrop",
                            "SanitizeBoundingBoxes", "SanitizeKeyPoints", "SetClampingMode"),
    "other images and their labels": ("CutMix", "MixUp"),
    "other transforms": ("Compose", "RandomApply", "RandomChoice", "RandomOrder"),
    "a video": ("UniformTemporalSubsample",),
    "a function": ("Lambda",),
    "matrices": ("LinearTransformation",),
}  # fmt: skip


@dataclass(frozen=True)
class Library:
    """Where the transforms are and what all of them derive from; the `abstract` ones are none.

    `needs` lists those that want more than an image and what can be written, by what they want. `build` makes a
    step of a transform's name and arguments, and raises what the library raises for wrong ones.
    """

    module: Callable[[], Any]
    base: str
    abstract: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]
    build: Callable[[str, dict[str, Any]], Step]


@cache
def read_library_call(text: str) -> LibraryCall:
    """Return a transform with every argument named and given.

    Raises RecipeError for an unknown library, transform or argument, for an argument that the library refuses, and
    for a transform that needs more than an image.
    """
    call = parse_library_call(text)
    name = SHORT.get(call.library, call.library)
    if name not in LIBRARIES:
        raise unknown_name("library of augmentations", name, [*LIBRARIES, *SHORT], RecipeError)
    library, full = LIBRARIES[name], f"{name}.{call.name}"
    classes = _transforms(name)
    if call.name not in classes:
        raise unknown_name("augmentation", full, [f"{name}.{known}" for known in classes], RecipeError)
    for what, names in library.needs.items():
        if call.name in names:
            raise RecipeError(
                f"The augmentation {full} cannot be used.",
                f"Besides an image it needs {what}.",
                "Take another one: a recipe changes each image on its own.",
            )
    arguments = _bound(call, full, classes[call.name])
    try:
        library.build(call.name, arguments)
    except Exception as error:
        what, why = f"The augmentation {call} has a wrong argument.", _messages(error)
        raise RecipeError(what, why, _takes(full, classes[call.name])) from error
    meant = {key: value for key, value in arguments.items() if key not in _FOR_MASKS}
    return LibraryCall(name, call.name, kwargs=meant)


def library_step(call: LibraryCall) -> Step:
    """Build the step that a call is, as `read_library_call` returns it."""
    return Guarded(str(call), LIBRARIES[call.library].build(call.name, dict(call.kwargs)))


def certain(call: LibraryCall) -> LibraryCall:
    """Return the same transform, but one that does not leave an image alone by chance."""
    sure = {"p": 1.0} if "p" in call.kwargs else {}
    return LibraryCall(call.library, call.name, kwargs={**call.kwargs, **sure})


@cache
def _transforms(name: str) -> dict[str, type]:
    library = LIBRARIES[name]
    module = library.module()
    found = {key: getattr(module, key) for key in dir(module) if key not in library.abstract}
    base = getattr(module, library.base)
    return {key: value for key, value in found.items() if inspect.isclass(value) and issubclass(value, base)}


def _bound(call: LibraryCall, full: str, cls: type) -> dict[str, Any]:
    """Match the arguments to the transform's, with defaults filled in; a whole number becomes a float if asked."""
    signature = inspect.signature(cls)
    try:
        bound = signature.bind(*call.args, **call.kwargs)
    except TypeError as error:
        unknown = next((key for key in call.kwargs if key not in signature.parameters), "")
        guess = did_you_mean(unknown, signature.parameters) if unknown else ""
        why = f"They do not fit: {error}. {guess}".strip()
        raise RecipeError(f"The augmentation {call} has wrong arguments.", why, _takes(full, cls)) from error
    bound.apply_defaults()
    for key, value in bound.arguments.items():
        if signature.parameters[key].annotation in (float, "float") and type(value) is int:
            bound.arguments[key] = float(value)
    return dict(bound.arguments)


def _takes(full: str, cls: type) -> str:
    names = [key for key in inspect.signature(cls).parameters if key not in _FOR_MASKS]
    return f"{full} takes: {', '.join(names)}." if names else f"{full} takes no arguments."


def _messages(error: Exception) -> str:
    """Return the library's own words; where pydantic found several faults, each with its argument."""
    if hasattr(error, "errors"):
        faults = [(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
        return (
            "; ".join(f"{where}: {message}" if where else message for where, message in faults).rstrip(".") + "."
        )
    return str(error).strip() or type(error).__name__


def _torchvision() -> Any:
    from bench.models.vision import torchvision  # noqa: PLC0415 - timm comes with it, which is slow

    return import_module(f"{torchvision.__name__}.transforms.v2")


def _defaults(cls: type) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters
    return {
        key: parameter.default for key, parameter in parameters.items() if parameter.default != parameter.empty
    }


def _build_torchvision(name: str, arguments: dict[str, Any]) -> Step:
    """Build it; a word stands for a member of an enumeration where the default is one."""
    cls = getattr(_torchvision(), name)
    members = {key: type(value) for key, value in _defaults(cls).items() if isinstance(value, Enum)}
    return cls(**{key: members[key](value) if key in members else value for key, value in arguments.items()})


def _build_albumentations(name: str, arguments: dict[str, Any]) -> Step:
    """Build it, held against its schema first: of some wrong arguments its constructor only warns."""
    cls = getattr(load(), name)
    cls.InitSchema(**_defaults(cls) | arguments, strict=True)
    return AlbumentationsStep(name, arguments)


LIBRARIES: dict[str, Library] = {
    "albumentations": Library(
        load,
        "BasicTransform",
        ("BasicTransform", "DualTransform", "ImageOnlyTransform", "Transform3D"),
        _ALBUMENTATIONS_NEED,
        _build_albumentations,
    ),
    "torchvision": Library(
        _torchvision, "Transform", ("ToTensor", "Transform"), _TORCHVISION_NEEDS, _build_torchvision
    ),
}
