"""Decodes images in a given order, in parallel: for frozen passes and for evaluation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from bench.data.raw import ImageSource

Positions = NDArray[np.int64]
Transform = Callable[[Image.Image], Tensor]


def ordered_batches(
    source: ImageSource,
    indices: Sequence[int] | Positions,
    transform: Transform,
    batch_size: int,
    *,
    workers: int = 1,
    ahead: bool = True,
) -> Iterator[Tensor]:
    """Decode `indices` of a source in the given order: uint8 batches [N, 3, size, size], the last one smaller.

    `workers` threads decode (PIL works outside Python's global lock), two batches ahead at most; without `ahead`
    they rest while the caller works, for a CPU that computes with all its cores is slowed down many times by one
    more busy thread. The threads end with the iterator, also if that is closed early or an image raises DataError.
    """

    def load(index: int) -> Tensor:
        return transform(source.image(index))

    pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="decode")
    try:
        waiting = (int(index) for index in indices)
        first = max(2 * batch_size, 2 * workers) if ahead else batch_size
        pending: deque[Future[Tensor]] = deque(pool.submit(load, index) for index in islice(waiting, first))
        while pending:
            images = []
            for _ in range(min(batch_size, len(pending))):
                images.append(pending.popleft().result())
                pending.extend(pool.submit(load, index) for index in islice(waiting, 1 if ahead else 0))
            yield torch.stack(images)
            if not ahead:
                pending.extend(pool.submit(load, index) for index in islice(waiting, batch_size))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
