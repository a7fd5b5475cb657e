"""Batches of any size as chunks of one size, on a CPU each chunk on a thread of its own.

A CPU computes chunks side by side with one thread each rather than one batch with all of them: threads that share
an operation wait for each other after it, which costs little on an idle machine and most of the time on a busy
one, so that nothing could be decoded meanwhile. And a chunk's numbers do not depend on how many threads there are.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from torch import Tensor

from bench.hardware.device import one_thread
from bench.train.frozen.backends.base import Compute
from bench.train.out_of_memory import Halving


class Chunked:
    """Computes batches of any size by way of `compute`, which takes chunks of exactly `size` images.

    The last chunk is filled up with zeros. With `threads` 0 everything is computed in the caller's thread. With
    `halving` `compute` takes chunks of any size, which are halved if memory runs out.
    """

    def __init__(
        self,
        compute: Compute,
        size: int,
        threads: int,
        memory_format: torch.memory_format = torch.channels_last,
        halving: Halving | None = None,
    ) -> None:
        self.compute, self.size, self.memory_format, self._halving = compute, size, memory_format, halving
        self._pool = ThreadPoolExecutor(threads, "frozen", torch.set_num_threads, (1,)) if threads else None

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute a batch; the tensors that come back are new."""
        if self._halving is None:
            return self._computed(images, self.size)
        return self._halving(partial(self._computed, images), self.size)

    def _computed(self, images: Tensor, size: int) -> tuple[Tensor, ...]:
        chunks, chunk = torch.split(images, size), partial(self.chunk, size=size)
        if self._pool is None:
            computed = [chunk(part) for part in chunks]
        else:
            with one_thread():  # a pool's new thread sets torch's count for all threads to come: put back here
                computed = list(self._pool.map(chunk, chunks))
        return computed[0] if len(computed) == 1 else tuple(torch.cat(p) for p in zip(*computed, strict=True))

    def chunk(self, images: Tensor, size: int | None = None) -> tuple[Tensor, ...]:
        """Compute at most `size` images, in the caller's thread."""
        with torch.inference_mode():
            count = len(images)
            shape = (size or self.size, *images.shape[1:])
            whole = torch.empty(shape, device=images.device, memory_format=self.memory_format)
            whole[:count] = images
            whole[count:] = 0
            return tuple(tensor[:count] for tensor in self.compute(whole))
