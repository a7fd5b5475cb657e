"""What was found out about an image in a model, as plain data, and a model's layers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from bench.inference.explained import Explained, Heat
from bench.report.terminal.console import plain_table


def layers_view(shapes: Mapping[str, Sequence[int]]) -> Table:
    """List layers with the shape of their output for one image."""
    table = plain_table(["layer", "output"])
    for name, shape in shapes.items():
        table.add_row(Text(name), Text(" x ".join(map(str, shape[1:]))))
    return table


def explanation_record(run_id: str, method: str, explained: Explained, files: Sequence[Path]) -> dict[str, Any]:
    """Return the classes, and each layer's map as rows of numbers; `files` are the pictures."""
    return {
        "image": explained.image,
        "run_id": run_id,
        "method": method,
        "predicted": asdict(explained.predicted),
        "explained": asdict(explained.explained) if method == "grad-cam" else None,
        "layers": [_layer(heat) for heat in explained.heats],
        "files": list(map(str, files)),
    }


def _layer(heat: Heat) -> dict[str, Any]:
    """Round to six digits; activations come with their strongest channels' numbers, not with their maps."""
    rows = [[float(f"{value:.6g}") for value in row] for row in heat.map.tolist()]
    return {"name": heat.layer, "map": rows, "channels": list(heat.channels)}
