"""Where a report or a picture cannot be written: the error says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.disk.atomic import disk_errors
from bench.errors import BenchError

_IN_THE_WAY = (FileExistsError, IsADirectoryError, NotADirectoryError)


@contextmanager
def written_to(path: Path, example: str) -> Iterator[None]:
    """Turn what the system says of writing to `path` into a BenchError that advises as `example` does."""
    try:
        with disk_errors(path):
            yield
    except BrokenPipeError:
        raise  # whoever reads the pipe has seen enough
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "null" not in str(error):
            raise
        in_the_way = isinstance(error, _IN_THE_WAY) or path == Path()
        raise BenchError(
            f"Cannot write '{path}'.",
            "It is a folder, or a part of its path is a file." if in_the_way else f"{_reason(error)}.",
            f"Name a file in a folder, for example {example}.",
        ) from error


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
