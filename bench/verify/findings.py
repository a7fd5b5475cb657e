"""The result of a verification: how many things were checked, what is wrong, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.errors import BenchError

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what) while a check is at work."""


@dataclass(frozen=True)
class Finding:
    """One thing: its kind (`predictions`), which one, what was found, and what to do.

    A finding that is not `wrong` is only worth knowing: it costs nothing but disk or time.
    """

    kind: str
    name: str
    what: str
    todo: str
    wrong: bool = True


@dataclass
class Findings:
    """Everything that was checked, by kind, and what came of it."""

    checked: Counter[str] = field(default_factory=Counter)
    found: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.wrong for finding in self.found)

    def wrong(self, kind: str, name: str, what: str, todo: str) -> None:
        """Note something that is wrong."""
        self.found.append(Finding(kind, name, what, todo))

    def note(self, kind: str, name: str, what: str, todo: str) -> None:
        """Note something that is worth knowing."""
        self.found.append(Finding(kind, name, what, todo, wrong=False))

    def error(self, kind: str, name: str, error: BenchError) -> None:
        """Note something that reading it ended in an error."""
        self.wrong(kind, name, f"{error.what} {error.why}".strip(), error.todo)

    @property
    def record(self) -> dict[str, Any]:
        """The findings as plain data."""
        listed = [
            {"kind": f.kind, "name": f.name, "what": f.what, "todo": f.todo, "wrong": f.wrong} for f in self.found
        ]
        return {"clean": self.clean, "checked": dict(self.checked), "found": listed}
