"""What every page is made with: templates that escape what they are given, and data that is safe in a script."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of all that follows: of a name on a page, they would turn the page."""


def environment() -> jinja2.Environment:
    """Make the templates' environment: everything is escaped, and an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: straight(value) if type(value) is str else value,
    )
    made.filters["breakable"] = breakable
    return made


def breakable(name: str) -> Markup:
    """Let a name break after what joins its words, as in `036.Ruby_throated_Hummingbird`, and not within one."""
    return Markup("<wbr>").join(re.findall(r"[^_/]*[_/]+|[^_/]+", straight(name)))


def straight(text: str) -> str:
    """Put the replacement character in the place of each that turns the direction of text."""
    return _TURNS.sub("\ufffd", text)


def template_text(name: str) -> str:
    """Read a file of `templates/`."""
    return files("bench.report").joinpath("templates", name).read_text(encoding="utf-8")


def embedded_json(data: Any) -> str:
    """Write data as JSON that is safe inside `<script>`: no `<`, `>`, `&`, and no line separator of JavaScript."""
    text = straight(json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
