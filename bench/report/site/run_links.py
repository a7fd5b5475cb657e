"""Where else a site tells of a run: its sister seeds, the sweeps that planned it, pictures that explain it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench.report.pages import Report
from bench.report.site.material import Material, run_page, sweep_page
from bench.store.rows import RunRow
from bench.store.store import Store

_EXPLAINED = re.compile(r"-(?P<run>[0-9a-f]{12})-(?:grad-cam|activations)[\w.-]*\.png")
"""How `bench explain` names its pictures."""


class Link(NamedTuple):
    """A place of the site, or beside it, and what is said of it; `path` is None where there is no page."""

    text: str
    path: str | None


@dataclass(frozen=True)
class RunLinks:
    """The links of one run's page, all from the root of the site."""

    sisters: tuple[Link, ...]
    sweeps: tuple[Link, ...]
    explanations: tuple[Link, ...]


class Links:
    """The links of every run that has a page."""

    def __init__(self, material: Material, folder: Path) -> None:
        self._sisters = _by_group(material.report, material.detailed)
        self._pages = {row.run_id for row in material.detailed}
        self._sweeps = _sweeps_of(material.store, material.detailed)
        self._explained = _explanations(folder)

    def of(self, row: RunRow) -> RunLinks:
        """Return the links of one run."""
        sisters = sorted(self._sisters[row.group_id].values(), key=lambda other: other.seed)
        return RunLinks(
            sisters=tuple(self._sister(other) for other in sisters if other.run_id != row.run_id),
            sweeps=tuple(Link(f"sweep {number}", sweep_page(number)) for number in self._sweeps[row.run_id]),
            explanations=tuple(self._explained.get(row.run_id[:12], ())),
        )

    def _sister(self, row: RunRow) -> Link:
        status = "" if row.status == "done" else f" ({row.status})"
        return Link(f"seed {row.seed}{status}", run_page(row.run_id) if row.run_id in self._pages else None)


def _by_group(report: Report, detailed: Sequence[RunRow]) -> Mapping[str, dict[str, RunRow]]:
    """Sort the runs that the site knows of by what they share but for the seed."""
    ranked = (row for board in report.boards for entry in board.entries for row in entry.group.rows)
    found: dict[str, dict[str, RunRow]] = defaultdict(dict)
    for row in (*ranked, *(lost.row for lost in report.lost), *detailed):
        found[row.group_id][row.run_id] = row
    return found


def _sweeps_of(store: Store, rows: Sequence[RunRow]) -> Mapping[str, list[int]]:
    """Find the sweeps that planned each run, oldest first."""
    datasets, wanted = {row.dataset for row in rows}, {row.run_id for row in rows}
    found: dict[str, list[int]] = defaultdict(list)
    for sweep in store.sweeps():
        if sweep.dataset in datasets:
            for run_id in wanted.intersection(store.sweep(sweep.id).run_ids):
                found[run_id].append(sweep.id)
    return found


def _explanations(folder: Path) -> Mapping[str, list[Link]]:
    """Find the pictures of `bench explain` in the folder beside the site's, by the first digits of their run."""
    found: dict[str, list[Link]] = defaultdict(list)
    beside = folder.absolute().parent
    for path in sorted(beside.glob("*.png")):
        if name := _EXPLAINED.search(path.name):
            found[name["run"]].append(Link(path.name, quote(os.path.relpath(path, folder.absolute()))))
    return found
