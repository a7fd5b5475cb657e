"""bench: which pretrained backbone to take, and how much of it to train."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.load import load_runs

__all__ = ["load_runs"]


def __getattr__(name: str) -> object:
    """Import what is asked for only then: pandas and SQLAlchemy are slow, and `bench --help` needs neither."""
    if name == "load_runs":
        from bench.load import load_runs  # noqa: PLC0415 - see above

        return load_runs
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
