"""Keys for random numbers: derived from what they are for, never from what ran before."""

from __future__ import annotations

import hashlib


def key(seed: int, purpose: str, *steps: int) -> int:
    """Derive a 64-bit key in [0, 2**64) from a seed, a purpose ("order", "augment") and steps (epoch, sample).

    It is the first eight bytes of the SHA-256 of the decimal numbers and the purpose joined with line breaks, so
    it is the same on every machine and in every version, and one purpose's numbers tell nothing about another's.
    """
    text = "\n".join([str(seed), purpose, *map(str, steps)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
