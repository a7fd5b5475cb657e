"""Test images with their true and predicted class as one HTML file that opens offline."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2
from PIL import Image

from bench.disk.atomic import write_text
from bench.report.look.mistakes import Judged
from bench.report.places import written_to

_SMALL = 128
"""An image of fewer pixels a side is shown in its pixels, not blurred."""


def write_mistakes(
    judged: Sequence[Judged], images: Sequence[Image.Image], title: str, model: str, path: Path
) -> None:
    """Write the page, its images in it as PNG. Raises BenchError where it cannot be written."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files("bench.report").joinpath("templates", "mistakes.html.j2").read_text(encoding="utf-8")
    )
    cells = [(one, _embedded(image), max(image.size) < _SMALL) for one, image in zip(judged, images, strict=True)]
    page = template.render(cells=cells, title=title, model=model)
    with written_to(path, "reports/mistakes.html"):
        write_text(path, page)


def _embedded(image: Image.Image) -> str:
    data = io.BytesIO()
    image.save(data, "PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
