"""Memory that is freed and soon wanted again, as activations are: kept, and given back to the system between runs.

glibc gives large blocks back as soon as they are freed, and each page of the next one costs a page fault: on a
virtual machine more than half the time of a forward pass at batch 32 (docs/performance.md). The names and numbers
are those of mallopt(3).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MOST = 2**31 - 1
_LARGEST_BLOCKS = (1 << 30, 32 << 20)
"""Blocks below this come from the heap; glibc before 2.35 refuses more than 32 MiB."""


@cache
def keep_freed_memory() -> bool:
    """Tell glibc to keep what this process frees; return whether it does. Other C libraries are left alone.

    What the process has allocated at most, it then holds until `give_back`.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return False
    kept_whole = any(mallopt(_M_MMAP_THRESHOLD, size) for size in _LARGEST_BLOCKS)
    return bool(kept_whole and mallopt(_M_TRIM_THRESHOLD, _MOST))


def give_back() -> bool:
    """Give every whole page that is free now back to the system; return whether there was anything to give.

    malloc_trim(3) heeds no threshold. Else what is resident would be the most that anything before has needed.
    """
    malloc_trim = _of_glibc("malloc_trim")
    return malloc_trim is not None and bool(malloc_trim(ctypes.c_size_t(0)))


def _of_glibc(name: str) -> Callable[..., int] | None:
    """Return a function of glibc's; None where another C library is used."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found
