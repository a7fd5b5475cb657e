"""The lines of what a study makes of its runs: each head of a joint one, an ensemble, a search, a transfer.

What was measured of them comes in `Attempted.parts`, by part and figure; what is not there was not made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.report.board.groups import Stat, ranks, summarise
from bench.report.study.reproduced import TIMES, Attempted, Line, Notes, classes_apart, measuring

if TYPE_CHECKING:
    from bench.registry.studies import EnsembleEntry, SearchEntry, TransferEntry
    from bench.store.rows import RunRow

SEARCH, TRANSFER = "search", "transfer"
"""The names of parts that a study has one of; an ensemble has the name that its study gives it."""

NOTHING = Stat(None, None, 0)
_NOT_MADE = "not made"


def part_lines(one: Attempted, notes: Notes) -> list[Line]:
    """Return the lines of a study's parts, of each whose runs were all attempted."""
    study = one.study
    lines = [
        Line(run.name, figure, None, measured, one.kind)
        for run in study.runs
        for (part, figure), measured in one.parts.items()
        if part == run.name
    ]
    if study.search and study.search.run in one.rows and not one.variant:
        lines += _search(study.search, one, notes)
    if study.ensemble and all(name in one.rows for name in study.ensemble.members):
        lines += _ensemble(study.ensemble, one, notes)
    if study.transfer and study.transfer.run in one.rows:
        lines += _transfer(study.transfer, one, notes)
    return [replace(line, variant=one.variant) for line in lines]


def best_trial(trials: Iterable[RunRow]) -> RunRow | None:
    """Return the trial that validation chose, of equal ones the first; None where none is done."""
    return max(filter(ranks, trials), key=lambda row: row.val_top1 or 0.0, default=None)


def _search(search: SearchEntry, one: Attempted, notes: Notes) -> list[Line]:
    """Return the search's lines: the best that it saw on val, and what it was tried with."""
    said = [search.note, f"published: the best of {search.trials} trials of {search.run}"]
    if one.study.split.val_is_test:
        said.append("the source's search saw the official test set, ours a val that is a part of train")
    best, status = best_trial(one.trials), "none done" if one.trials else _NOT_MADE
    if best is not None:
        done, name = sum(map(ranks, one.trials)), f"{one.study.name}/{search.run} "
        told = best.recipe_name.removeprefix(name)
        said.append(f"our search: {done} of {search.trials} trials done, the best, {best.run_id[:8]}, with {told}")
    return list(_measured(SEARCH, search.published, one, [search.run], notes.number(said), status))


def _ensemble(ensemble: EnsembleEntry, one: Attempted, notes: Notes) -> list[Line]:
    """Return the ensemble's lines, and those of its members, which its source trained for it once more."""
    said = notes.number([ensemble.note, ensemble.remark])
    lines = list(_measured(ensemble.name, ensemble.published, one, ensemble.members, said))
    of_members = {"train_top1": ensemble.member_train_top1, "epoch_s": ensemble.member_epoch_s}
    for figure, values in of_members.items():
        for member, value in zip(ensemble.members, values, strict=False):
            done = [row for row in one.rows[member] if ranks(row)]
            lines.append(
                Line(
                    run=ensemble.name,
                    figure=f"{figure} of {member}",
                    published=value,
                    measured=summarise(map(measuring(figure, one.study), done)),
                    kind=one.kind,
                    status="" if done else _NOT_MADE,
                    apart=TIMES if figure.endswith("_s") else classes_apart(figure, member, one, done),
                    notes=said,
                )
            )
    return lines


def _transfer(transfer: TransferEntry, one: Attempted, notes: Notes) -> list[Line]:
    confidence = {f"{name} confidence": value for name, value in transfer.published_confidence.items()}
    said = [
        transfer.note,
        transfer.remark,
        transfer.images_note,
        transfer.index_order,
        transfer.overlaps_pretraining,
    ]
    images = f"confidence over {transfer.confidence_images} images" if transfer.confidence_images else ""
    return [
        *_measured(TRANSFER, transfer.published, one, [transfer.run], notes.number(said)),
        *_measured(TRANSFER, confidence, one, [transfer.run], notes.number([*said, images])),
    ]


def _measured(
    part: str,
    published: Mapping[str, float],
    one: Attempted,
    made_of: Iterable[str],
    said: tuple[int, ...],
    status: str = _NOT_MADE,
) -> Iterator[Line]:
    """Yield a part's lines; it compares with the source's where each run that it is `made_of` does."""
    rows = {name: one.rows[name] for name in made_of}
    for figure, value in published.items():
        found = one.parts.get((part, figure), NOTHING)
        apart = [classes_apart(figure, name, one, filter(ranks, some)) for name, some in rows.items()]
        reason = next(filter(None, apart), "") if found.n else ""
        yield Line(part, figure, value, found, one.kind, "" if found.n else status, reason, said)
