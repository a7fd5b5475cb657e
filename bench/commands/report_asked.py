"""What `bench report` is asked to write, and where; what does not go together is an error."""

from __future__ import annotations

from pathlib import Path

from bench.errors import BenchError

_FILE = (".html", ".htm")


def place(output: str | None, *, single: bool) -> tuple[Path, bool]:
    """Return where a report goes, and whether it is one file: asked for by its name, or by `--single-file`."""
    from bench.report.build import DEFAULT_PATH
    from bench.report.places import written_to
    from bench.report.site.build import DEFAULT_FOLDER

    if output is None:
        return (DEFAULT_PATH, True) if single else (DEFAULT_FOLDER, False)
    path = Path(output)
    with written_to(path, str(DEFAULT_FOLDER)):
        is_folder, is_file = path.is_dir(), path.is_file()
    if is_folder:
        if single:
            raise BenchError(
                f"Cannot write '{path}'.", "It is a folder, and --single-file writes a file.",
                f"Name a file, for example {path / 'report.html'}, or leave out --single-file.",
            )  # fmt: skip
        return path, False
    one_file = single or path.suffix.lower() in _FILE
    if is_file and not one_file:
        raise BenchError(
            f"Cannot write a site into '{path}'.", "It is a file, and a site is a folder.",
            "Name a new folder, or a file that ends in .html for a report in one file.",
        )  # fmt: skip
    return path, one_file


def check_asked(*, one_file: bool, pages: str | None, watch: bool, port: int | None, host: str | None) -> None:
    """Refuse options that do not go together."""
    if watch and one_file:
        raise BenchError(
            "--watch cannot write a single file.", "What it serves is a site, page by page.",
            "Leave out --single-file, or name a folder with --out.",
        )  # fmt: skip
    if not watch and (port is not None or host is not None):
        raise BenchError(
            f"{'--host' if port is None else '--port'} is for --watch.", "Without it nothing is served.",
            "Add --watch, or leave it out.",
        )  # fmt: skip
    if one_file and pages is not None:
        raise BenchError(
            "--pages is for a site.", "A single file has no pages of runs.",
            "Leave out --pages, or name a folder with --out.",
        )  # fmt: skip


def page_count(pages: str | None) -> int | None:
    """Read `--pages`: how many runs get a page; None means all."""
    from bench.report.site.chosen import PAGES

    if pages is None:
        return PAGES
    if pages == "all":
        return None
    if pages.isascii() and pages.isdigit() and len(pages) < 10:  # noqa: PLR2004 - as many runs as nobody has
        return int(pages)
    raise BenchError(
        f"--pages {pages!r} is no number of runs.", "It is a whole number, or all.", "Give --pages 60."
    )
