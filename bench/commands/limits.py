"""Reads limits as they are typed: a time, a size, which runs are tried again. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Callable

from bench.errors import BenchError, unknown_name

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str | None) -> float | None:
    """Read 90s, 30m, 2h or 1h30m as seconds."""
    if text is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(n + u for n, u in parts) != text.strip():
        raise BenchError(
            f"Cannot read the time {text!r}.", "It has no unit, or an unknown one.", "Write 90s, 30m or 2h."
        )
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def parse_bytes(text: str) -> int:
    """Read 20GB, 500MB or a number of bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not found:
        raise BenchError(f"Cannot read the size {text!r}.", "It is no number of bytes.", "Write 20GB or 500MB.")
    return int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))


def parse_retry(text: str) -> frozenset[str]:
    """Read which runs that ended badly are tried again: `failed`, `diverged`, both with a comma, or `none`."""
    from bench.store.claims import ENDED_BADLY

    words = {word.strip().lower() for word in text.split(",")}
    for word in words - {*ENDED_BADLY, "none"}:
        raise unknown_name("kind of run to try again", word, [*ENDED_BADLY, "none"], BenchError)
    if "none" in words and len(words) > 1:
        raise BenchError(f"Cannot read --retry {text}.", "`none` stands alone.", "Write failed,diverged or none.")
    return frozenset(words - {"none"})


def reads(read: Callable[[str], object]) -> Callable[[str | None], str | None]:
    """Return an option's callback that raises the BenchError of `read` at once, and leaves the text as it is."""

    def checked(text: str | None) -> str | None:
        if text is not None:
            read(text)
        return text

    return checked
