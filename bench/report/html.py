"""What every page is made with: templates that escape what they are given, and data that is safe in a script."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jinja2


def environment() -> jinja2.Environment:
    """Make the templates' environment: everything is escaped, and an unknown name is an error."""
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def template_text(name: str) -> str:
    """Read a file of `templates/`."""
    return files("bench.report").joinpath("templates", name).read_text(encoding="utf-8")


def embedded_json(data: Any) -> str:
    """Write data as JSON that is safe inside `<script>`: no `<`, `>`, `&`, and no line separator of JavaScript."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
