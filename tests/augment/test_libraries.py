"""Every transform of albumentations and torchvision either changes one image, or says why it cannot be named."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap

import pytest
import torch

from bench.augment.augmentations import build_steps, canonical_augment
from bench.augment.libraries import LIBRARIES, _transforms
from bench.augment.library_calls import literal
from bench.data.images.transforms import augment
from bench.errors import RecipeError
from bench.spec import TransformSpec

SPEC = TransformSpec(image_size=32)
GIVEN = {
    "bits": 4, "degrees": 20, "dtype": "uint8", "height": 20, "kernel_size": 3, "magnitude": 3, "max_size": 30,
    "min_max_height": (10, 20), "min_size": 16, "num_grid_xy": (3, 3), "num_output_channels": 3, "padding": 2,
    "px": 2, "quality": 90, "sharpness_factor": 2, "size": (20, 20), "target_size": (20, 20), "threshold": 100,
    "time_mask_param": 9, "width": 20, "x_max": 20, "y_max": 20,
}  # fmt: skip
"""Arguments for those that have no default, or one for larger images."""
NO_IMAGES = {
    "albumentations": {"FromFloat", "Normalize", "ToFloat", "ToTensorV2"},
    "torchvision": {"ConvertImageDtype", "FiveCrop", "Normalize", "TenCrop", "ToDtype", "ToPILImage"},
}
"""Those that give something else than an image, which is found by trying."""
NEEDS_MORE_THAN_TORCH = {"JPEG"}
"""Where torchvision's own C++ part does not load, beside a CPU-only torch, they fail, and say so."""


def refused(library):
    return {name for names in LIBRARIES[library].needs.values() for name in names}


def named(library, transform):
    parameters = inspect.signature(_transforms(library)[transform]).parameters
    keys = [key for key in parameters if key in GIVEN and not (transform == "Resize" and key == "max_size")]
    return f"{library}.{transform}({', '.join(f'{key}={literal(GIVEN[key])}' for key in keys)})"


USABLE = [
    (library, name)
    for library in LIBRARIES
    for name in sorted(_transforms(library).keys() - refused(library) - NO_IMAGES[library] - NEEDS_MORE_THAN_TORCH)
]


def noise(size=32):
    return torch.randint(256, (3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("library", LIBRARIES)
def test_all_that_is_refused_by_name_exists(library):
    assert refused(library) | NO_IMAGES[library] <= _transforms(library).keys()
    assert not refused(library) & NO_IMAGES[library]


@pytest.mark.parametrize(("library", "name"), USABLE, ids=lambda value: value)
def test_a_transform_keeps_size_and_type_and_a_key_gives_one_result(library, name):
    (text,) = canonical_augment([named(library, name)], SPEC)
    assert canonical_augment([text], SPEC) == (text,)
    change, same = augment((text,), SPEC), augment((named(library, name),), SPEC)
    before = noise()
    results = [change(before, key) for key in (5, 6, 7)]
    assert all((r.shape, r.dtype) == (before.shape, torch.uint8) for r in results)
    assert all(torch.equal(same(before, key), result) for key, result in zip((5, 6, 7), results, strict=True))
    assert torch.equal(before, noise())


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_needs_more_than_an_image_is_refused_with_what_it_needs(library):
    for needed, names in LIBRARIES[library].needs.items():
        for name in names:
            with pytest.raises(RecipeError, match="cannot be used") as caught:
                canonical_augment([f"{library}.{name}(q=1)"])
            assert needed in caught.value.why


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_gives_no_image_is_refused(library):
    arguments = {"Normalize": "mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)", "FiveCrop": "20", "TenCrop": "20"}
    for name in NO_IMAGES[library]:
        with pytest.raises(RecipeError):
            canonical_augment([f"{library}.{name}({arguments.get(name, '')})"], SPEC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A.GausianBlur", "Did you mean albumentations.GaussianBlur"),
        ("torchvision.GausianBlur", "Did you mean torchvision.GaussianBlur"),
        ("B.GaussianBlur", "Valid: A, albumentations, torchvision"),
        ("A.DualTransform", "Unknown augmentation"),
        ("A.Compose", "Unknown augmentation"),
        ("A.Blur(blurlimit=3)", "Did you mean blur_limit"),
        ("A.Blur(1, 2, 3, 4)", "too many positional arguments"),
        ("A.RandomCrop(20)", "missing a required argument: 'width'"),
        ("A.Blur(blur_limit=wide)", "blur_limit.int: Input should be a valid integer"),
        ("A.HorizontalFlip(p=1.5)", "p: Input should be less than or equal to 1"),
        ("A.GridDistortion(distort_limit=3)", "All values in distort_limit must be within [-1, 1]"),
        ("A.CropAndPad", "Both px and percent parameters cannot be None"),
        ("torchvision.RandomHorizontalFlip(p=2)", "`p` should be a floating point value in the interval"),
        ("torchvision.GaussianBlur(4)", "Kernel size value should be an odd and positive number"),
        ("torchvision.AutoAugment(policy=mine)", "'mine' is not a valid AutoAugmentPolicy"),
    ],
)
def test_a_wrong_name_or_argument_is_answered_with_the_librarys_own_words(text, said):
    with pytest.raises(RecipeError) as caught:
        canonical_augment([text])
    assert said in str(caught.value)
    assert caught.value.why
    assert caught.value.todo


def test_texts_of_one_meaning_are_written_alike():
    texts = ["A.Blur", "albumentations.Blur((3, 7))", "A.Blur(p=0.5, blur_limit=[3,7])", " A.Blur( ) "]
    assert len(set(canonical_augment(texts))) == 1
    assert canonical_augment(["A.Solarize(p=1)"]) == canonical_augment(["A.Solarize(p=1.0)"])
    assert canonical_augment(["A.Rotate(mask_interpolation=1, fill_mask=3)"]) == canonical_augment(["A.Rotate()"])
    assert canonical_augment(["torchvision.GaussianBlur(3)"]) == (
        "torchvision.GaussianBlur(kernel_size=3, sigma=(0.1, 2.0))",
    )


def test_a_word_stands_for_a_member_of_an_enumeration():
    (step,) = build_steps(["torchvision.AutoAugment(policy=cifar10)"], SPEC)[:1]
    assert step.step.policy.value == "cifar10"


def test_a_failure_while_training_names_the_augmentation():
    change = augment(("resize(8)", "A.RandomCrop(20, 20)"), SPEC)
    with pytest.raises(RecipeError, match=r"RandomCrop.* fails on an image of 8 x 8 pixels"):
        change(noise(), 0)


def python(code):
    code = "import sys\n" + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_where_albumentations_is_missing_the_error_says_how_to_install_it():
    done = python("""
        sys.modules["albumentations"] = None  # as if it were not installed
        from bench.augment.augmentations import canonical_augment
        from bench.errors import RecipeError
        for text in ("grid_distortion", "A.Blur"):
            try:
                canonical_augment([text])
            except RecipeError as error:
                print(error.todo)
        print(canonical_augment(["horizontal_flip"]))
    """)
    install = "Run: pip install 'backbone-bench[albumentations]'"
    assert done.stdout.splitlines() == [install, install, "('horizontal_flip(p=0.5)',)"], done.stderr


def test_albumentations_opens_no_connection_and_opencv_starts_no_threads():
    done = python("""
        import socket
        def refuse(*arguments):
            print("a connection was opened")
        socket.socket.connect = refuse
        from bench.augment.albumentations_package import load
        load()
        import cv2
        print(cv2.getNumThreads())
    """)
    assert done.stdout == "1\n", done.stderr
    assert done.stderr == ""


def test_a_named_distortion_is_read_without_importing_a_library():
    done = python("""
        from bench.augment.augmentations import canonical_augment
        print(canonical_augment(["grid_distortion"]), [m for m in ("albumentations", "torch") if m in sys.modules])
    """)
    assert done.stdout == "('grid_distortion(distort_limit=0.3, num_steps=5, p=0.5)',) []\n", done.stderr
