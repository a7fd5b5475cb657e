"""The formats that `bench export` writes, and how one is chosen: by its name, or by a file's ending."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bench.disk.special_files import is_stream
from bench.errors import BenchError, unknown_name


@dataclass(frozen=True)
class Format:
    """One format. `text` can be printed; a picture, and what is not text, needs a file."""

    name: str
    endings: tuple[str, ...]
    text: bool = True


_ALL = (
    Format("csv", (".csv",)),
    Format("json", (".json",)),
    Format("markdown", (".md", ".markdown")),
    Format("latex", (".tex",)),
    Format("parquet", (".parquet", ".pq"), text=False),
    Format("png", (".png",), text=False),
    Format("svg", (".svg",), text=False),
    Format("pdf", (".pdf",), text=False),
)
FORMATS = {one.name: one for one in _ALL}

DATA = ("csv", "json", "parquet")
TABLES = ("csv", "json", "markdown", "latex", "parquet")
PICTURES = ("png", "svg", "pdf")


def chosen_format(name: str | None, out: Path | None, allowed: Collection[str], what: str) -> Format:
    """Return the format that is named or that the file's ending says; the first allowed one where neither does.

    `out` None means standard output. Raises BenchError for an unknown format, one that `what` does not come in,
    and one that is no text where it would be printed.
    """
    has_ending = out is not None and bool(out.suffix) and not is_stream(out)
    found = _named(name) if name else _by_ending(out) if out and has_ending else FORMATS[next(iter(allowed))]
    if found.name not in allowed:
        first = FORMATS[next(iter(allowed))]
        raise BenchError(
            f"{what} cannot be written as {found.name}.",
            f"It comes as {', '.join(allowed)}.",
            f"Take --format {first.name}; `bench export --help` says what there is in which form.",
        )
    if out is None and not found.text:
        ending = found.endings[0]
        raise BenchError(
            f"{found.name} is not printed.", "Only tables that are text are.", f"Add --out FILE{ending}."
        )
    return found


def _named(name: str) -> Format:
    short = {ending[1:]: one for one in _ALL for ending in one.endings}
    if found := FORMATS.get(name) or short.get(name):
        return found
    raise unknown_name("format", name, FORMATS, BenchError)


def _by_ending(out: Path) -> Format:
    found = next((one for one in _ALL if out.suffix.lower() in one.endings), None)
    if found is None:
        endings = ", ".join(one.endings[0] for one in _ALL)
        raise BenchError(
            f"The ending of '{out.name}' names no format.",
            f"Known: {endings}.",
            "Take one of them, or add --format.",
        )
    return found
