"""One ensemble on a terminal: its members, what they do together, what that costs; and the list of all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.records.ensembles import Ensemble, Gain
from bench.records.runs import Metrics
from bench.report.board.groups import data_name
from bench.report.board.layout import short_name
from bench.report.run.ensemble_details import EnsembleDetails
from bench.report.run.runs import clock
from bench.report.terminal.console import fitting, plain_table
from bench.units import DASH, show

_MEMBER = ("run", "weight", "backbone", "strategy", "recipe", "seed", "val %", "test %", "total", "GMACs")
_NUMBERS = ("weight", "seed", "val %", "test %", "total", "GMACs")
_GIVING_WAY = ("GMACs", "total", "seed", "recipe")
_LIST = ("ensemble", "rule", "members", "val %", "test %", "total", "GMACs", "dataset", "made")


def ensemble_view(details: EnsembleDetails, console: Console) -> RenderableType:
    """Show an ensemble, one section below the other."""
    made = details.ensemble
    head = "one run" if details.is_one else made.ensemble_id
    parts: list[RenderableType] = [
        Text.assemble((head, "bold"), f"  {made.rule_name} of {_runs(made)} on {_data(details)}")
    ]
    for name, body in (
        ("Members", fitting(_MEMBER, console, lambda kept: _members(details, kept), _GIVING_WAY)),
        ("Results", _results(made)),
        ("Against its best member", None if details.is_one else _gain(details)),
        ("As one model", _costs(details)),
    ):
        if body is not None:
            parts += [Text(f"\n{name}", style="bold"), Padding(body, (0, 0, 0, 2), expand=False)]
    return Group(*parts, Text(f"\n{_notes(details)}", style="dim"))


def ensembles_view(found: Sequence[EnsembleDetails], console: Console) -> RenderableType:
    """List ensembles, the best on validation first within a dataset."""
    if not found:
        return Text("No ensembles. `bench ensemble RUN RUN` makes one.")
    ordered = sorted(found, key=lambda each: (_data(each), -each.ensemble.val.top1, each.ensemble.ensemble_id))

    def table(kept: Sequence[str]) -> Table:
        made_table = plain_table(kept, right=("members", "val %", "test %", "total", "GMACs"))
        for each in ordered:
            cells = dict(zip(_LIST, _line(each), strict=True))
            made_table.add_row(*(Text(cells[name]) for name in kept))
        return made_table

    return fitting(_LIST, console, table, ("made", "GMACs", "total"))


def _data(details: EnsembleDetails) -> str:
    made = details.ensemble
    subsets = {row.subset for row in details.members}
    return data_name(made.dataset, made.target, subsets.pop() if len(subsets) == 1 else "")


def _line(details: EnsembleDetails) -> tuple[str, ...]:
    made = details.ensemble
    accuracies = (show(made.val.top1, "fraction"), show(made.test.top1, "fraction"))
    costs = (show(made.total_params, "count"), show(made.gmacs, "gmacs"))
    names = (made.ensemble_id[:12], made.rule_name, str(len(made.members)))
    return (*names, *accuracies, *costs, _data(details), clock(made.created_at))


def _runs(made: Ensemble) -> str:
    candidates = made.request.get("candidates", len(made.members))
    runs = f"{len(made.members)} run{'s' * (len(made.members) != 1)}"
    return f"{runs} out of {candidates:,}" if candidates != len(made.members) else runs


def _members(details: EnsembleDetails, kept: Sequence[str]) -> Table:
    table = plain_table(kept, right=_NUMBERS)
    for row, member in zip(details.members, details.ensemble.members, strict=True):
        names = (short_name(row.backbone), row.strategy, row.recipe_name, str(row.seed))
        measured = (show(row.val_top1, "fraction"), show(row.test_top1, "fraction"))
        costs = (show(row.total_params, "count"), show(row.gmacs, "gmacs"))
        cells = dict(
            zip(_MEMBER, (row.run_id[:12], f"{member.weight:.4f}", *names, *measured, *costs), strict=True)
        )
        table.add_row(*(Text(cells[name]) for name in kept))
    return table


def _results(made: Ensemble) -> Table:
    headings = ["split", "top-1 %", "top-5 %", "macro-F1 %", "balanced %", "loss", "images"]
    table = plain_table(headings, right=headings[1:])
    splits: Iterable[tuple[str, Metrics]] = (("val", made.val), ("test", made.test))
    for split, metrics in splits:
        measured = (metrics.top1, metrics.top5, metrics.macro_f1, metrics.balanced_accuracy)
        shares = (show(share, "fraction") for share in measured)
        loss = f"{metrics.loss:.4f}" if math.isfinite(metrics.loss) else DASH
        table.add_row(split, *shares, loss, show(metrics.n, "count"))
    return table


def _gain(details: EnsembleDetails) -> Text:
    gain = details.gain
    if gain is None:
        return Text("Not compared: the members' predictions are not beside the database.")
    best = next(row for row in details.members if row.run_id == gain.over)
    val = details.ensemble.val.top1 - (best.val_top1 or 0.0)
    name = f"{gain.over[:12]} ({short_name(best.backbone)}, {best.strategy}), which validation chose"
    return Text(f"{name}:\nval {_points(val)} points, test {_points(gain.top1)} points\n{_evidence(gain)}")


def _evidence(gain: Gain) -> str:
    if not gain.won + gain.lost:
        return "Both are right about the very same test images."
    interval = f"95 % interval on these test images: {_points(gain.low)} to {_points(gain.high)} points (Newcombe)"
    pairs = f"{gain.won:,} images only the ensemble has right, {gain.lost:,} only the run"
    return f"{interval}\n{pairs}; McNemar's mid-p = {gain.p:.2g}"


def _costs(details: EnsembleDetails) -> Text:
    made, (params, gmacs) = details.ensemble, details.apart
    total = f"{made.total_params:,} parameters, {made.trainable_params:,} of them trained"
    compute = f"{show(made.gmacs, 'gmacs')} GMACs an image"
    if details.is_one:
        return Text(f"{total}; {compute}")
    if made.total_params == params and math.isclose(made.gmacs, gmacs, rel_tol=1e-6):
        return Text(f"{total}; {compute}; nothing is shared")
    apart = f"{params:,} parameters and {show(gmacs, 'gmacs')} GMACs apart: what is shared counts once"
    return Text(f"{total}; {compute}\n{apart}")


def _notes(details: EnsembleDetails) -> str:
    made = details.ensemble
    notes = ["No model was run: all is from kept predictions. Test is reported, never used to choose."]
    if made.chosen_on_val:
        what = "Weights were" if made.rule == "weighted" else "Members were"
        notes.append(f"{what} chosen on the same {made.val.n:,} validation images, so val flatters it a little.")
    if made.rule == "hard":
        notes.append("A hard vote counts answers: it has no probabilities, so no loss; ties and top-5 go by them.")
    if details.is_one:
        notes.append("Validation chose one run alone, which is no ensemble: nothing was recorded.")
    return "\n".join(notes)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
