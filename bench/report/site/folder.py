"""The folder that a site is: its pages, the data they load as scripts, and what all of them share.

A page that is opened from disk may not fetch anything, so data comes in scripts: `data/runs/1f.js` says
`(globalThis.BENCH ??= {})["runs/1f"] = {...};`, and the page that names it finds its data under that key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.atomic import atomic_file, write_text
from bench.errors import BenchError
from bench.report.html import embedded_json
from bench.report.places import written_to
from bench.report.site.shell import PLOTLY, STYLES, Shell, render_page, script_text, styles_text

EXAMPLE = "reports/report"
MANIFEST = "site.json"
"""Lists every file that the last build wrote: what a new one does not write again goes, and nothing else."""


@dataclass(frozen=True)
class Page:
    """One page. `path` is its place in the site; `template` extends `site.html.j2` and is given `context`.

    `scripts` are files of `templates/`, loaded in this order; `data` are keys of data files that it loads before.
    `section` is the entry of the navigation that it belongs to.
    """

    path: str
    title: str
    section: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    scripts: Sequence[str] = ()
    data: Sequence[str] = ()
    plots: bool = False


class SiteFolder:
    """Writes a site into a folder, file by file; a reader of it never finds half a file.

    Opening refuses a folder that holds anything else than an earlier site.
    """

    def __init__(self, folder: Path, links: Sequence[tuple[str, str]]) -> None:
        self.folder, self._links = folder, tuple(links)
        self._before, self._written = _earlier(folder), set[str]()
        self.text("assets/site.css", styles_text(STYLES))

    @property
    def home(self) -> Path:
        """Where its readers will find the site."""
        return self.folder

    def page(self, page: Page) -> None:
        """Write a page, and the scripts that it is the first to need."""
        for name in page.scripts:
            self.asset(name)
        if page.plots:
            self.asset(PLOTLY)
        shell = Shell(
            title=page.title,
            section=page.section,
            up="../" * page.path.count("/"),
            links=self._links,
            scripts=page.scripts,
            data=[_data_path(key) for key in page.data],
            plots=page.plots,
        )
        self.text(page.path, render_page(page.template, shell, page.context))

    def data(self, key: str, value: Any) -> None:
        """Write data that pages load by its key; NaN and infinities must have become None."""
        self.text(_data_path(key), f"(globalThis.BENCH ??= {{}})[{json.dumps(key)}] = {embedded_json(value)};\n")

    def asset(self, name: str) -> None:
        """Write a script of `templates/`, or plotly.js, once."""
        if (path := f"assets/{Path(name).name}") not in self._written:
            self.text(path, script_text(name))

    def text(self, path: str, text: str) -> None:
        """Write a text file at a place of the site."""
        with written_to(self.folder / path, EXAMPLE):
            write_text(self.folder / path, text)
        self._written.add(path)

    def binary(self, path: str, content: bytes) -> None:
        """Write a file of bytes at a place of the site."""
        with written_to(self.folder / path, EXAMPLE), atomic_file(self.folder / path) as temporary:
            temporary.write_bytes(content)
        self._written.add(path)

    def keep(self, path: str) -> int:
        """Keep a file of the last build as it is, and return its bytes; 0 where there is none."""
        if path not in self._before or not (self.folder / path).is_file():
            return 0
        self._written.add(path)
        return (self.folder / path).stat().st_size

    def finish(self) -> None:
        """Remove what an earlier build wrote and this one did not, and note what there is now."""
        for stale in self._before - self._written:
            (self.folder / stale).unlink(missing_ok=True)
        self.text(MANIFEST, json.dumps({"files": sorted(self._written)}, indent=1) + "\n")


def address(path: str) -> str:
    """Write a place of the site as the address of a link."""
    return quote(path)


def _data_path(key: str) -> str:
    return f"data/{key}.js"


def _earlier(folder: Path) -> set[str]:
    """Read what an earlier build wrote. Raises BenchError where the folder holds something else."""
    with written_to(folder, EXAMPLE):
        found = list(folder.iterdir()) if folder.exists() else []
    if not found:
        return set()
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, LookupError, TypeError):
        raise BenchError(
            f"Cannot write a site into '{folder}'.",
            f"It holds files that are not of an earlier site: {found[0].name}.",
            f"Name a new folder, for example {EXAMPLE}.",
        ) from None
    return {name for name in files if isinstance(name, str) and ".." not in Path(name).parts}
