"""What every page stands in: head, navigation, footer; its styles and scripts are linked or within it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from bench.report.html import environment, template_text
from bench.report.plots.charts import ROLES
from bench.report.plots.figures import MARKS, PALETTE

EARLY = "colours.js"
"""The script that runs before anything is drawn."""

PLOTLY = "plotly.min.js"
STYLES = (
    "report.css", "look.css", "site.css", "overview.css", "sweeps.css", "methods.css", "run.css", "compare.css",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What every page says of its making: when, by which version of bench, with which command."""

    when: str
    version: str = ""
    command: str = ""


@dataclass(frozen=True)
class Shell:
    """What a page's surroundings are made of. `up` leads from the page to the site's root: `../`, or nothing.

    An `inline` page has its styles, its scripts and plotly.js within itself, and no navigation.
    """

    title: str
    section: str = ""
    up: str = ""
    links: Sequence[tuple[str, str]] = ()
    scripts: Sequence[str] = ()
    data: Sequence[str] = ()
    plots: bool = False
    inline: bool = False
    made: Made | None = None


def render_page(template: str, shell: Shell, context: Mapping[str, Any]) -> str:
    """Return a page made of a template that extends `site.html.j2`."""
    return _template(template).render(
        shell=shell,
        palette=PALETTE,
        roles=ROLES,
        outlines=MARKS,
        script_text=script_text,
        inline_styles=styles_text(STYLES) if shell.inline else "",
        plotly=PLOTLY,
        early=EARLY,
        **context,
    )


def styles_text(names: Sequence[str]) -> str:
    """Return the styles of every page, one after another."""
    return "\n".join(map(template_text, names))


def script_text(name: str) -> str:
    """Return a script of `templates/`, or plotly.js."""
    if name != PLOTLY:
        return template_text(name)
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - slow, and only a page with plots needs it

    script: str = get_plotlyjs()
    return script


@cache
def _template(name: str) -> jinja2.Template:
    """Compile a template once: a site has hundreds of pages of one."""
    return environment().get_template(name)
