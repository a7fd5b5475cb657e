"""The layers of the package, and what must not be loaded: `bench.testing.layers` has the rules."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from bench.testing.layers import PACKAGE, RANKS, circle, folder_of, import_graph, modules, table, upward_imports

ROOT_FILES = {
    "__init__", "__main__", "api", "calls", "environment", "errors", "random_keys", "spec", "units",
}  # fmt: skip


def test_every_import_goes_down():
    assert upward_imports(import_graph()) == []


def test_no_modules_import_each_other():
    assert circle(import_graph()) == []


def test_an_import_that_goes_up_sideways_or_in_a_circle_is_found():
    graph = {"bench.store.a": {"bench.report.b"}, "bench.report.b": {"bench.store.a"}, "bench.plan.c": set()}
    assert upward_imports(graph) == ["bench.store.a imports bench.report.b"]
    assert upward_imports({"bench.plan.c": {"bench.train.d"}}) == ["bench.plan.c imports bench.train.d"]
    assert set(circle(graph)) == {"bench.store.a", "bench.report.b"}


def test_the_table_of_the_layers_stands_in_contributing():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "\n".join(table()) in text


def test_every_folder_has_a_layer_and_the_root_has_nine_files():
    assert {folder_of(name) for name in modules()} <= RANKS.keys()
    assert {path.stem for path in PACKAGE.glob("*.py")} == ROOT_FILES


def loaded_by(names: list[str], unwanted: list[str]) -> list[str]:
    """Return which of `unwanted` a fresh process has loaded after it imported `names`."""
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print(*[m for m in {unwanted!r} if m in sys.modules])"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("folder", ["report", "store", "records", "registry", "metrics"])
def test_a_folder_that_shows_or_stores_runs_without_torch(folder):
    names = [name for name in modules() if folder_of(name) == folder and "migrations.env" not in name]
    assert loaded_by(names, ["torch", "timm", "torchvision"]) == []


def test_planning_reads_no_images():
    names = [name for name in modules() if folder_of(name) == "plan"]
    assert loaded_by(names, ["bench.data.images.decoding", "bench.data.raw", "bench.data.datasets"]) == []


@pytest.mark.parametrize("layer", sorted(RANKS.keys() - {"commands", "testing", *ROOT_FILES}))
def test_only_commands_print(layer: str) -> None:
    printing = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted((PACKAGE / layer).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


@pytest.mark.parametrize(
    ("statement", "kept_out"),
    [
        ("import bench", ("torch", "pandas", "sqlalchemy", "pydantic")),
        ("import bench.__main__", ("torch", "pandas", "sqlalchemy", "plotly", "timm", "optuna")),
        ("import bench.store.store, bench.report.board.tables", ("torch", "pandas", "alembic", "plotly")),
        ("import bench.plan.enumerate, bench.plan.request", ("torch", "pandas", "sqlalchemy", "timm", "optuna")),
    ],
)
def test_what_is_slow_to_import_is_not_imported_needlessly(statement: str, kept_out: tuple[str, ...]) -> None:
    code = f"import sys\n{statement}\nprint([m for m in {kept_out!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_one_file_names_a_kind_of_device() -> None:
    naming = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if "torch.cuda" in path.read_text(encoding="utf-8") or "torch.mps" in path.read_text(encoding="utf-8")
    ]
    assert naming == ["hardware/device.py"]


def test_files_and_functions_stay_small() -> None:
    large: list[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300:
            large.append(f"{path.relative_to(PACKAGE)}: {text.count(chr(10))} lines")
        large += [
            f"{path.relative_to(PACKAGE)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 50
        ]
    assert large == []
