"""A trained model's scores of images of any dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from bench.data.images.loading import Positions, ordered_batches
from bench.data.images.transforms import eval_transform
from bench.data.progress import Progress
from bench.data.raw import ImageSource
from bench.hardware.cpus import available_cpus
from bench.hardware.device import autocast, evaluation_batch, is_accelerator, precision_for
from bench.inference.predicting import scaled
from bench.inference.trained import Trained
from bench.train.out_of_memory import Halving, in_parts

Floats = npt.NDArray[np.float32]


def logits_in_parts(
    trained: Trained, images: ImageSource, rows: Positions, device: torch.device, progress: Progress | None = None
) -> Iterator[Floats]:
    """Score the images at `rows` in that order, seen as the run saw its own: batches (N, classes), float32.

    Raises DataError for an image that cannot be decoded.
    """
    spec, done, halving = trained.spec, 0, Halving(device)
    precision, _ = precision_for(device, spec.precision)
    batches = ordered_batches(
        images,
        rows,
        eval_transform(spec.transform),
        evaluation_batch(device),
        workers=available_cpus(),
        ahead=is_accelerator(device),
    )
    for batch in batches:
        with torch.inference_mode(), autocast(device, precision):
            part = in_parts(halving, trained.model, (scaled(batch, spec.transform, device),)).float()
        done += len(batch)
        if progress:
            progress("images", done, len(rows))
        yield part.cpu().numpy()


def stacked(parts: Sequence[Floats], classes: int) -> Floats:
    """Put batches below each other; none at all gives no row."""
    return np.concatenate([np.zeros((0, classes), np.float32), *parts])
