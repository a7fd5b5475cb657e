"""Batches of any size as chunks of one size, on a CPU each chunk on a thread of its own.

A CPU computes chunks side by side with one thread each rather than one batch with all of them: threads that share
an operation wait for each other after it, which costs little on an idle machine and most of the time on a busy
one, so that nothing could be decoded meanwhile. And a chunk's numbers do not depend on how many threads there are.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from bench.device import one_thread
from bench.train.backends.base import Compute


class Chunked:
    """Computes batches of any size by way of `compute`, which takes chunks of exactly `size` images.

    The last chunk is filled up with zeros. With `threads` 0 everything is computed in the caller's thread.
    """

    def __init__(
        self,
        compute: Compute,
        size: int,
        threads: int,
        memory_format: torch.memory_format = torch.channels_last,
    ) -> None:
        self.compute, self.size, self.memory_format = compute, size, memory_format
        self._pool = ThreadPoolExecutor(threads, "frozen", torch.set_num_threads, (1,)) if threads else None

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute a batch; the tensors that come back are new."""
        chunks = images.split(self.size)  # type: ignore[no-untyped-call]
        if self._pool is None:
            computed = [self.chunk(chunk) for chunk in chunks]
        else:
            with one_thread():  # a pool's new thread sets torch's count for all threads to come: put back here
                computed = list(self._pool.map(self.chunk, chunks))
        return computed[0] if len(computed) == 1 else tuple(torch.cat(p) for p in zip(*computed, strict=True))

    def chunk(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute at most `size` images, in the caller's thread."""
        with torch.inference_mode():
            count = len(images)
            shape = (self.size, *images.shape[1:])
            whole = torch.empty(shape, device=images.device, memory_format=self.memory_format)
            whole[:count] = images
            whole[count:] = 0
            return tuple(tensor[:count] for tensor in self.compute(whole))
