"""The page of one run: its curves, and for each head its confusions, classes and calibration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench.report.calibration import Bin
from bench.report.charts import ROLES, Chart
from bench.report.confusion import row_shares
from bench.report.diagnosis import Diagnosis, plain
from bench.report.html import embedded_json, environment, template_text
from bench.report.look import Head, Look
from bench.report.look_charts import calibration_chart, curves_chart
from bench.report.units import show

_SCRIPTS = ("format.js", "theme.js", "sortable.js", "panels.js", "matrix.js", "look.js")


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


def render_look(look: Look, *, plotly_at: str = "", back: str = "") -> str:
    """Return the page, whole in itself.

    With `plotly_at` it loads plotly.js from that place beside it instead; `back` is where a link at its top leads.
    """
    sections = list(_sections(look))
    charts = [section.chart for section in sections if section.chart]
    return (
        environment()
        .get_template("look.html.j2")
        .render(
            look=look,
            parts=sections,
            facts=_facts,
            roles=ROLES,
            show=show,
            back=back,
            data=embedded_json(
                {"charts": plain(charts), "heads": [_head_data(head.diagnosis) for head in look.heads]}
            ),
            styles="\n".join(map(template_text, ("report.css", "look.css"))),
            scripts="\n".join(map(template_text, _SCRIPTS)),
            plotly_at=plotly_at,
            plotly_js="" if plotly_at else plotly_script(),
        )
    )


def plotly_script() -> str:
    """Return plotly.js."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - slow, and only a page needs it

    script: str = get_plotlyjs()
    return script


def _sections(look: Look) -> Iterable[Section]:
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


def _head_data(diagnosis: Diagnosis) -> dict[str, Any]:
    rows, columns = np.nonzero(diagnosis.matrix)
    cells = np.stack([rows, columns, diagnosis.matrix[rows, columns]], axis=1)
    scores = [
        {
            **{key: getattr(score, key) for key in ("name", "f1", "precision", "recall", "support", "predicted")},
            "taken_for": None if score.taken_for is None else diagnosis.names[score.taken_for],
        }
        for score in diagnosis.classes
    ]
    data: dict[str, Any] = plain(
        {"names": diagnosis.names, "orders": diagnosis.orders, "cells": cells.tolist(), "scores": scores}
    )
    return data
