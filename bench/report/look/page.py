"""The page of one run: its curves, and for each head its confusions, classes and calibration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench.metrics.calibration import Bin
from bench.report.html import embedded_json
from bench.report.look.charts import calibration_chart, curves_chart
from bench.report.look.confusion import row_shares
from bench.report.look.diagnosis import Diagnosis, plain
from bench.report.look.look import Head, Look
from bench.report.plots.charts import Chart
from bench.report.site.shell import Shell, render_page
from bench.units import show

SCRIPTS = ("format.js", "theme.js", "sortable.js", "panels.js", "matrix.js", "look.js")
"""What draws the cards of `diagnosis.html.j2`."""

_OF_A_CLASS = ("index", "name", "f1", "precision", "recall", "support", "predicted")


@dataclass(frozen=True, eq=False)
class Section:
    """One card of the page. `number` is the place of its chart, or of its head, in the page's data.

    `opens` is there for the first card of a head.
    """

    kind: Literal["panels", "confusion", "classes"]
    number: int
    head: Head | None = None
    opens: Diagnosis | None = None
    chart: Chart | None = None
    bins: tuple[Bin, ...] = ()
    most: float = 0.0


def render_look(look: Look) -> str:
    """Return the page, whole in itself."""
    shell = Shell(look.title, scripts=SCRIPTS, plots=True, inline=True)
    cards = list(sections(look))
    data = embedded_json({"charts": charts(cards), "heads": heads_data(look)})
    return render_page("look.html.j2", shell, {"look": look, "cards": cards, "data": data, **WORDS})


def sections(look: Look) -> Iterable[Section]:
    """Yield the cards of a look, in the order of its parts."""
    charts = 0
    if "curves" in look.parts and look.details.epochs:
        yield Section("panels", charts, chart=curves_chart(look.details, look.title))
        charts += 1
    for number, head in enumerate(look.heads):
        for place, part in enumerate(part for part in look.parts if part != "curves"):
            opens = head.diagnosis if place == 0 else None
            if part == "confusion":
                yield Section(part, number, head, opens, most=_most_mistaken(head.diagnosis))
            elif part == "classes":
                yield Section(part, number, head, opens)
            else:
                chart = calibration_chart(head.diagnosis, look.title, look.split)
                yield Section("panels", charts, head, opens, chart, head.diagnosis.calibration.bins)
                charts += 1


def _most_mistaken(diagnosis: Diagnosis) -> float:
    shares = row_shares(diagnosis.matrix)
    np.fill_diagonal(shares, 0)
    return float(shares.max(initial=0.0))


def _facts(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    stated, cooled = diagnosis.calibration, diagnosis.cooled
    tops = [(f"top-{k} %", show(share, "fraction")) for k, share in diagnosis.top_k.items() if k in (1, 5)]
    after = [("ECE % after temperature", show(cooled.ece, "fraction"))] if cooled else []
    return (
        *tops,
        ("macro-F1 %", show(diagnosis.macro_f1, "fraction")),
        ("ECE %", show(stated.ece, "fraction")),
        *after,
        ("confidence when right %", show(diagnosis.right.mean, "fraction")),
        ("when wrong %", show(diagnosis.wrong.mean, "fraction")),
        ("images", f"{diagnosis.n:,}"),
    )


def charts(cards: Iterable[Section]) -> list[Any]:
    """Return the charts of cards as plain data, in their order."""
    return [plain(card.chart) for card in cards if card.chart]


def heads_data(look: Look) -> list[dict[str, Any]]:
    """Return what the matrix and the table of classes of each head are drawn from, as plain data."""
    return [{"target": head.target, **_head_data(head.diagnosis)} for head in look.heads]


def _head_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return it without `plain` where all is whole numbers: there are many of them."""
    rows, columns = np.nonzero(diagnosis.matrix)
    cells = np.stack([rows, columns, diagnosis.matrix[rows, columns]], axis=1)
    scores = [
        {
            **{key: getattr(score, key) for key in _OF_A_CLASS},
            "taken_for": None if score.taken_for is None else diagnosis.names[score.taken_for],
        }
        for score in diagnosis.classes
    ]
    return {
        "names": diagnosis.names,
        "orders": diagnosis.orders,
        "cells": cells.tolist(),
        "scores": plain(scores),
    }


WORDS = {"facts": _facts, "show": show}
"""How `diagnosis.html.j2` writes numbers."""
