"""What a model says about images, as a table for a terminal and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from bench.inference.predicted import Predicted
from bench.report.terminal.console import plain_table


def predictions_view(predicted: Sequence[Predicted]) -> Table:
    """Show each image with its most probable classes, one to a line."""
    several = any(len(one.guesses) > 1 for one in predicted)
    table = plain_table(["image", *(["target"] if several else []), "class", "%"], right=["%"])
    for one in predicted:
        image = one.image
        for target, guesses in one.guesses.items():
            named = target
            for place, guess in enumerate(guesses):
                style = "" if place else "bold"
                words = [image, *([named] if several else []), guess.name, f"{100 * guess.probability:.1f}"]
                table.add_row(*(Text(word, style=style) for word in words))
                image = named = ""
    return table


def prediction_records(run_id: str, predicted: Sequence[Predicted]) -> list[dict[str, Any]]:
    """Return a record per image: its path, and under each target its most probable classes."""
    return [
        {
            "image": one.image,
            "run_id": run_id,
            "targets": {target: [asdict(guess) for guess in guesses] for target, guesses in one.guesses.items()},
        }
        for one in predicted
    ]
