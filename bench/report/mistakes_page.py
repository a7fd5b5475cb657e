"""Test images with their true and predicted class as one HTML file that opens offline."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2
from PIL import Image

from bench.atomic import write_text
from bench.report.mistakes import Judged


def write_mistakes(
    judged: Sequence[Judged], images: Sequence[Image.Image], title: str, model: str, path: Path
) -> None:
    """Write the page, its images in it as PNG. Raises StoreError where it cannot be written."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files("bench.report").joinpath("templates", "mistakes.html.j2").read_text(encoding="utf-8")
    )
    cells = [(one, _embedded(image)) for one, image in zip(judged, images, strict=True)]
    write_text(path, template.render(cells=cells, title=title, model=model))


def _embedded(image: Image.Image) -> str:
    data = io.BytesIO()
    image.save(data, "PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
