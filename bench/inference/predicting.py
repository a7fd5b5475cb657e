"""What a trained model says about image files: the images go the way that test images went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import torch
from torch import Tensor

from bench.data.images.image_files import read_image
from bench.data.images.reading import Reading
from bench.data.images.transforms import eval_transform, normalize
from bench.errors import BenchError
from bench.hardware.device import autocast, evaluation_batch, precision_for
from bench.inference.kept_weights import Classes
from bench.inference.predicted import Guess, Pixels, Predicted
from bench.inference.trained import Trained
from bench.plan.reading import reading_elsewhere
from bench.spec import RunSpec, TransformSpec
from bench.train.out_of_memory import Halving, in_parts


def predict(
    trained: Trained, images: Sequence[Path], device: torch.device, *, top: int = 5, drawn: int = 0
) -> Iterator[Predicted]:
    """Predict image files in order; the first `drawn` come with their pixels.

    Raises DataError, naming the file, where one is no image; BenchError where a score is not a finite number.
    """
    size = evaluation_batch(device)
    for start in range(0, len(images), size):
        paths = images[start : start + size]
        pixels = as_seen(trained.spec, paths)
        rows = zip(paths, probabilities(trained, pixels, device), pixels, strict=True)
        for number, (path, row, seen) in enumerate(rows, start):
            _check_finite(row, path)
            shown = as_picture(seen) if number < drawn else None
            yield Predicted(str(path), guesses(row, trained.classes, top), shown)


def as_seen(spec: RunSpec, paths: Sequence[Path]) -> Tensor:
    """Read image files as a run's model sees them before scaling, uint8 [N, 3, size, size]."""
    transform, reading = eval_transform(spec.transform), Reading.of(reading_elsewhere(spec))
    return torch.stack([transform(read_image(path, reading)) for path in paths])


def scaled(pixels: Tensor, spec: TransformSpec, device: torch.device) -> Tensor:
    """Scale images as a model takes them, channels-last, on the device."""
    return normalize(pixels, spec, device=device).contiguous(memory_format=torch.channels_last)


def as_picture(seen: Tensor) -> Pixels:
    """Turn one image [3, H, W], uint8, into one to be drawn, (H, W, 3)."""
    return seen.permute(1, 2, 0).contiguous().numpy()


def probabilities(trained: Trained, pixels: Tensor, device: torch.device) -> Tensor:
    """Compute the softmax under each target of images uint8 [N, 3, H, W]: float64 [N, outputs] on the CPU."""
    precision, _ = precision_for(device, trained.spec.precision)
    with torch.inference_mode(), autocast(device, precision):
        images = scaled(pixels, trained.spec.transform, device)
        scores = in_parts(Halving(device), trained.model, (images,)).cpu().double()
    return torch.cat([scores[:, part].softmax(dim=1) for part in outputs(trained.classes).values()], dim=1)


def outputs(classes: Classes) -> dict[str, slice]:
    """Say which outputs of a model belong to which target: they stand one target after the other."""
    ends = accumulate(map(len, classes.values()), initial=0)
    return {target: slice(*part) for target, part in zip(classes, pairwise(ends), strict=True)}


def guesses(row: Tensor, classes: Classes, top: int) -> dict[str, tuple[Guess, ...]]:
    """Name the `top` most probable classes under each target; of equal ones the first comes first."""
    named = {}
    for target, part in outputs(classes).items():
        shares, names = row[part], classes[target]
        order = shares.argsort(descending=True, stable=True)[:top].tolist()
        named[target] = tuple(Guess(index, names[index], float(shares[index])) for index in order)
    return named


def _check_finite(row: Tensor, path: Path) -> None:
    if not row.isfinite().all():
        raise BenchError(
            f"The model gives no finite scores for {path}.",
            "A number in it grew too large.",
            "Try --device cpu, or take another run.",
        )
