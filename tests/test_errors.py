"""Errors a user can act on: every one has three parts, and names the command that helps."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from command_line import bench, refused

from bench.errors import LISTED_BY, SHOWN, BenchError, unknown_name

ROOT = Path(__file__).parents[1] / "bench"


def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(ROOT.rglob("*.py"))]


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def families() -> tuple[set[str], set[str]]:
    """Find the names of BenchError and all its subclasses, and those of them that make their own three parts."""
    classes = [node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"BenchError"}
    while more := {c.name for c in classes if {name_of(base) for base in c.bases} & found} - found:
        found |= more
    own = {c.name for c in classes if any(isinstance(n, ast.FunctionDef) and n.name == "__init__" for n in c.body)}
    return found, found & own - {"BenchError"}


def is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not str(node.value).strip()


def test_every_error_is_made_of_three_parts() -> None:
    errors, with_own_parts = families()
    assert {"DataError", "StoreError", "LeaseLostError"} <= errors
    made, found = 0, list[str]()
    for path, tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and name_of(node.func) in errors - with_own_parts):
                continue
            made += 1
            parts = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(part, ast.Starred) for part in parts):
                continue
            if len(parts) != 3 or any(map(is_empty, parts)):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []
    assert made > 80


@pytest.mark.parametrize("kind", LISTED_BY)
def test_an_unknown_name_comes_with_a_command_that_exists(kind: str) -> None:
    for names in (["one"], [f"name{i}" for i in range(SHOWN + 1)]):
        error = unknown_name(kind, "zzz", names)
        assert f"`{LISTED_BY[kind]}`" in error.todo
        assert all((error.what, error.why, error.todo))
    assert bench(*LISTED_BY[kind].split()[1:], "--help").code == 0


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("-d", "digts"), "datasets"),
        (("-d", "digits", "-s", "linaer"), "strategies"),
        (("-d", "digits", "--recipe", "quik"), "recipes"),
        (("-d", "digits", "-m", "resnet81"), "backbones"),
    ],
)
def test_a_misspelt_name_is_told_the_command_that_lists_names(words: tuple[str, ...], command: str) -> None:
    said = refused("plan", *words)
    assert "Did you mean" in said
    assert f"`bench {command}`" in said


def test_a_name_of_many_that_nothing_lists_is_still_three_parts() -> None:
    error = unknown_name("reader", "zzz", [f"name{i}" for i in range(SHOWN + 1)], BenchError)
    assert all((error.what, error.why, error.todo))
