"""Data flows one way: who may import whom, and what must never be loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "bench"

FORBIDDEN = {
    "report": ("torch", "timm", "torchvision", "bench.train", "bench.sweep.work", "bench.data", "bench.commands"),
    "store": (
        "torch",
        "timm",
        "torchvision",
        "bench.train",
        "bench.report",
        "bench.plan",
        "bench.data",
        "bench.commands",
    ),
    "plan": (
        "bench.train",
        "bench.store",
        "bench.report",
        "bench.data.datasets",
        "bench.commands",
        "bench.sweep.work",
    ),
    "train": (
        "bench.store",
        "bench.report",
        "bench.plan.enumerate",
        "bench.commands",
        "bench.sweep.prune",
        "bench.sweep.work",
    ),
    "tune": ("bench.report", "bench.commands"),
    "data": ("bench.train", "bench.store", "bench.report", "bench.plan", "bench.commands", "bench.sweep.work"),
    "strategies": ("bench.train", "bench.store", "bench.report", "bench.plan", "bench.data", "bench.commands"),
}


def imports(path: Path) -> set[str]:
    """Every module that a file names, also inside functions; not those only for type checkers."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("layer", sorted(FORBIDDEN))
def test_a_layer_imports_nothing_that_comes_after_it(layer: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / layer).rglob("*.py"))
        for name in sorted(imports(path))
        for forbidden in FORBIDDEN[layer]
        if name == forbidden or name.startswith(f"{forbidden}.")
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", ["train", "plan", "store", "report", "data", "strategies", "tune"])
def test_only_commands_print(layer: str) -> None:
    printing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / layer).rglob("*.py"))
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
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.rglob("*.py"))
        if "torch.cuda" in path.read_text(encoding="utf-8") or "torch.mps" in path.read_text(encoding="utf-8")
    ]
    assert naming == ["device.py"]


def test_files_and_functions_stay_small() -> None:
    large: list[str] = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300:
            large.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        large += [
            f"{path.relative_to(ROOT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 50
        ]
    assert large == []
