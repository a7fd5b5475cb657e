"""The frozen pass: pooled features of every image of a dataset, through the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from bench.data.datasets import Dataset
from bench.data.loading import ordered_batches
from bench.data.raw import OfficialSplit
from bench.data.transforms import eval_transform, normalize
from bench.device import autocast, frozen_batch, hardware, is_accelerator, place
from bench.records import FeaturePass
from bench.spec import RunSpec
from bench.train.cache import Array, FeatureCache, Features, Shape, feature_key
from bench.train.hooks import Hooks, StoppedError


def pooled_features(
    spec: RunSpec,
    backbone: nn.Module,
    weights_digest: str | None,
    width: int,
    dataset: Dataset,
    *,
    device: torch.device,
    cache: FeatureCache,
    hooks: Hooks,
) -> Features:
    """Return the backbone's features of every official split, from the cache or by one pass over the images."""
    key = feature_key(spec, weights_digest)
    kept = cache.read(key)
    if kept is not None:
        return kept
    images = {name: len(part.ids) for name, part in dataset.manifest.splits.items()}
    label = FeaturePass(key, spec.backbone.name, spec.dataset.name, 0, 0, 0.0, hardware(device))
    frozen = place(backbone, device).eval()
    total, done = sum(images.values()), 0

    def compute(split: OfficialSplit) -> Iterator[Array]:
        nonlocal done
        for batch in _pass(spec, frozen, dataset, split, device):
            if hooks.stop():
                raise StoppedError("Stopped.", "During the frozen pass.", "Start it again; the pass starts anew.")
            done += len(batch)
            hooks.features(done, total)
            yield batch

    return cache.fill(key, Shape(images, width), compute, label)


def _pass(
    spec: RunSpec, frozen: nn.Module, dataset: Dataset, split: OfficialSplit, device: torch.device
) -> Iterator[Array]:
    source = dataset.images(split)
    decode = eval_transform(spec.transform)
    everything, at_once = range(len(source)), frozen_batch(device)
    ahead, threads = is_accelerator(device), os.cpu_count() or 1
    for raw in ordered_batches(source, everything, decode, at_once, workers=threads, ahead=ahead):
        with torch.inference_mode(), autocast(device, spec.precision):
            images = normalize(raw, spec.transform, device=device).contiguous(memory_format=torch.channels_last)
            features = frozen(images).float()
        yield np.ascontiguousarray(features.cpu().numpy())
