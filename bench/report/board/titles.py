"""Names of data and titles of leaderboards, each with as much as is needed to tell it from the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from bench.report.board.groups import Cut, Task, data_name
from bench.spec import PROTOCOL
from bench.store.rows import RunRow

Place = tuple[Task, str | None]
"""The subject of a board: its data and, if all its times are of one hardware, that hardware."""

_DIGITS, _FEW_DIGITS = 8, 6


class DataNames:
    """Names the data of each row of a list; a name of several contents gets digits of the fingerprint."""

    def __init__(self, rows: Iterable[RunRow]) -> None:
        contents: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.fingerprint:
                contents[row.dataset].add(row.fingerprint)
        self._shared = {name for name, fingerprints in contents.items() if len(fingerprints) > 1}

    def __call__(self, row: RunRow, *, subset: bool = True) -> str:
        """Return `folder:birds #1a2b3c, coarse, train=60`, with digits only if another dataset has the name."""
        name = row.dataset
        if name in self._shared and row.fingerprint:
            name += f" #{row.fingerprint[:_FEW_DIGITS]}"
        return data_name(name, row.target, row.subset if subset else "")


def board_titles(boards: Sequence[Place]) -> list[str]:
    """Return a title for each board; no two are equal, whatever the case of their letters.

    An older protocol is always named. Boards of one name are told apart by what differs between them: fingerprint,
    groups of classes, the cut of val, images, hardware. Boards that nothing tells apart are numbered.
    """
    names = [_name(task.cut) for task, _ in boards]
    titles = []
    for name, place in zip(names, boards, strict=True):
        twins = [other for twin, other in zip(names, boards, strict=True) if twin.casefold() == name.casefold()]
        told = [write(place) for write in _PARTS if len({write(twin) for twin in twins}) > 1]
        titles.append(f"{name} ({', '.join(told)})" if told else name)
    return _numbered(titles)


def _name(data: Cut) -> str:
    name = data_name(data.dataset, data.target, data.subset)
    return name if data.protocol == PROTOCOL else f"{name}, protocol {data.protocol}"


def _numbered(titles: Sequence[str]) -> list[str]:
    taken = Counter(title.casefold() for title in titles)
    seen: Counter[str] = Counter()
    found = []
    for title in titles:
        key = title.casefold()
        seen[key] += 1
        found.append(f"{title} [{seen[key]}]" if taken[key] > 1 else title)
    return found


def _fingerprint(place: Place) -> str:
    return (place[0].cut.fingerprint or "unseen")[:_DIGITS]


def _groups(place: Place) -> str:
    groups = place[0].cut.class_groups
    return f"groups {groups[:_DIGITS]}" if groups else "no groups"


def _images(place: Place) -> str:
    val, test = (f"{count or 0:,}" for count in place[0][1:])
    return f"{val} val and {test} test images"


_PARTS: tuple[Callable[[Place], str], ...] = (
    _fingerprint,
    _groups,
    lambda place: f"val {100 * place[0].cut.val_fraction:.4g} % of train",
    lambda place: f"split seed {place[0].cut.split_seed}",
    _images,
    lambda place: f"times on {place[1]}",
)
