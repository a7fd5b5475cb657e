"""Errors about files that several readers of files raise."""

from __future__ import annotations

from pathlib import Path

from bench.errors import DataError


def unreadable(where: str | Path, error: OSError) -> DataError:
    """Make the error for a file or folder that the system does not let us read."""
    return DataError(f"Cannot read {where}.", f"{error.strerror or error}.", "Restore it, or make it readable.")


def damaged(archive: Path, error: Exception) -> DataError:
    """Make the error for an archive that cannot be read to its end."""
    return DataError(
        f"The archive {archive} is damaged.", f"It cannot be read to its end: {error}.", "Fetch it again."
    )
