"""The folder that a site is: its pages, the data they load as scripts, and what all of them share.

A page that is opened from disk may not fetch anything, so data comes in scripts: `data/runs/1f.js` says
`(globalThis.BENCH ??= {})["runs/1f"] = {...};`, and the page that names it finds its data under that key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.report.html import embedded_json
from bench.report.places import written_to
from bench.report.site.shell import EARLY, PLOTLY, STYLES, Made, Shell, render_page, script_text, styles_text

EXAMPLE = "reports/report"
MANIFEST = "site.json"
"""Lists every file of a site."""


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
    """Writes a site into a folder, file by file; `finish` lists them, and `publish` gives them to its readers.

    `earlier` is where the site of the last build lies, whose files may be kept; without it that is `folder`.
    """

    def __init__(
        self,
        folder: Path,
        links: Sequence[tuple[str, str]],
        made: Made | None = None,
        earlier: Path | None = None,
    ) -> None:
        self.folder, self._links, self._made, self._earlier = folder, tuple(links), made, earlier or folder
        self._before, self._written, self._kept = site_files(self._earlier), set[str](), set[str]()
        self.text("assets/site.css", styles_text(STYLES))
        self.asset(EARLY)

    @property
    def home(self) -> Path:
        """Where its readers will find the site."""
        return self._earlier

    @property
    def files(self) -> frozenset[str]:
        """The place of every file that belongs to the site so far."""
        return frozenset(self._written | self._kept)

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
            made=self._made,
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
        self.binary(path, text.encode("utf-8"))

    def binary(self, path: str, content: bytes) -> None:
        """Write a file of bytes at a place of the site."""
        with written_to(self.folder / path, EXAMPLE):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(content)
        self._written.add(path)

    def keep(self, path: str) -> int:
        """Keep a file of the last build as it is, and return its bytes; 0 where there is none."""
        if path not in self._before or not (self._earlier / path).is_file():
            return 0
        self._kept.add(path)
        return (self._earlier / path).stat().st_size

    def finish(self) -> None:
        """List what there is: the site is whole."""
        self.text(MANIFEST, listing({*self.files, MANIFEST}))


def listing(files: Iterable[str]) -> str:
    """Return the text of a site's list of its files."""
    return json.dumps({"files": sorted(files)}, indent=1) + "\n"


def site_files(folder: Path) -> frozenset[str]:
    """Return the files of the site in a folder, none where there is no site."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return frozenset(name for name in files if _is_within(name))
    except (OSError, ValueError, LookupError, TypeError):
        return frozenset()


def address(path: str) -> str:
    """Write a place of the site as the address of a link."""
    return quote(path)


def _data_path(key: str) -> str:
    return f"data/{key}.js"


def _is_within(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and path != Path()
