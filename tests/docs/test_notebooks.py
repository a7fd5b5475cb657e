"""The example notebook runs from top to bottom, and shows what it promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "choose_a_backbone.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory, bench_home: Path) -> list[Any]:
    """Execute the notebook in a folder of its own; returns its code cells with their outputs."""
    assert bench_home
    book = nbformat.read(NOTEBOOK, as_version=4)
    place = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": place}}).execute()
    return [cell for cell in book.cells if cell.cell_type == "code"]


def shown(cell: Any, kind: str) -> str:
    """Return what a cell shows of a kind; empty where it shows none."""
    return "".join(output["data"].get(kind, "") for output in cell.outputs if "data" in output)


def test_it_is_kept_without_outputs() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    assert [cell.outputs for cell in book.cells if cell.cell_type == "code" and cell.outputs] == []


def test_every_cell_runs_without_an_error(executed: list[Any]) -> None:
    kinds = [output.output_type for cell in executed for output in cell.outputs]
    assert kinds
    assert "error" not in kinds


@pytest.mark.parametrize(
    "start",
    ["ranking = ", "board = ", "bench.pareto(", "best = ", "lab.compare("],
)
def test_what_it_asks_for_is_shown_as_a_table(executed: list[Any], start: str) -> None:
    (cell,) = [cell for cell in executed if cell.source.startswith(start)]
    assert "<table" in shown(cell, "text/html")
    assert "neck" in shown(cell, "text/html")


def test_the_plot_is_a_plotly_figure_with_a_colour_per_strategy(executed: list[Any]) -> None:
    (cell,) = [cell for cell in executed if "plot_pareto" in cell.source]
    (output,) = [output for output in cell.outputs if "application/vnd.plotly.v1+json" in output.get("data", {})]
    names = [trace["name"] for trace in output["data"]["application/vnd.plotly.v1+json"]["data"]]
    assert names == ["Pareto front", "linear", "neck"]


def test_the_export_is_a_table_of_booktabs(executed: list[Any]) -> None:
    assert r"\toprule" in executed[-1].outputs[0].text
