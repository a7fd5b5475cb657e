"""What a search listens to is validation: by the types of what it may read, and by what it names."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench.records.runs import TestMetrics, ValMetrics
from bench.store.store import Store
from bench.tune.objective import best_until, is_less_better, objective

SOURCES = sorted((Path(__file__).parents[2] / "bench" / "tune").glob("*.py"))
MEASURED = {"RunRow", "StoredRun", "RunResult", "Outcome", "TestMetrics", "TestPredictions", "Metrics"}
"""What holds, or may hold, what test measured."""


def names(path: Path) -> set[str]:
    """Every name, attribute and key that a file's code uses."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return found | {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str
    }


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_search_names_nothing_that_holds_what_test_measured(path: Path) -> None:
    used = names(path)
    assert used & MEASURED == set()
    assert {
        name for name in used if name.startswith(("test_", "last_test", "best_on_test")) and " " not in name
    } == set()
    assert used & {"rows", "row"} == set()


def test_the_objective_takes_validation_metrics_by_type() -> None:
    assert typing.get_type_hints(objective)["val"] is ValMetrics
    assert typing.get_type_hints(best_until)["vals"] == Iterable[ValMetrics]
    assert Store.val_metrics.__annotations__["return"] == "dict[str, ValMetrics]"
    assert not issubclass(TestMetrics, ValMetrics)


def test_the_objective_is_the_metric_that_was_asked_for() -> None:
    val = ValMetrics(top1=0.5, top5=0.9, loss=1.25, macro_f1=0.4, n=8)
    assert objective(val, "val_top1") == 0.5
    assert objective(val, "val_loss") == 1.25
    assert is_less_better("val_loss")
    assert not is_less_better("val_top1")


def test_the_best_so_far_leaves_out_what_is_no_number() -> None:
    nan = float("nan")
    vals = [ValMetrics(top1, 1.0, loss, 0.0, 8) for top1, loss in ((0.25, 2.0), (0.5, nan), (0.375, 1.5))]
    assert best_until(vals, "val_top1") == 0.5
    assert best_until(vals, "val_loss") == 1.5
    assert best_until(vals[1:2], "val_loss") is None
    assert best_until([], "val_top1") is None
