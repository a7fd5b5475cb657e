"""The layers of the package: which folder may import which, and a check of every import against it.

Run as `python -m bench.testing.layers` to print the layers as a table.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

LAYERS: tuple[tuple[str, str], ...] = (
    ("__init__ __main__ api lab", "what users import and type"),
    ("commands testing", "one file per command: parse, call, print; contracts for plug-ins"),
    ("report", "what the runs mean, on a terminal, a page, in a notebook"),
    ("studies", "published experiments, run again"),
    ("tune", "searches for a recipe"),
    ("sweep", "joins plan, train and store"),
    ("verify transfer", "a database held against its files; a run on another dataset"),
    ("ensembles", "several runs as one model"),
    ("inference", "a run's trained model, used"),
    ("plan train", "what fits a budget; what it achieves"),
    ("data", "datasets and their images"),
    ("registry", "what can be benchmarked"),
    ("store", "one database of runs and their files"),
    ("strategies augment", "what trains; how images are augmented"),
    ("models", "backbones, their weights, parts and heads"),
    ("metrics hardware", "arithmetic on logits; devices and their speed"),
    ("records", "what stages hand to each other"),
    ("disk", "atomic writes, locks, checksums"),
    ("units calls environment", "text, and what this process runs in"),
    ("errors spec random_keys", "what everything rests on"),
)
"""From top to bottom, each with what it is for. Imports go down, or stay within one folder."""

RANKS = {folder: rank for rank, (folders, _) in enumerate(LAYERS) for folder in folders.split()}


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Return every module of the package by its dotted name; a package is its `__init__`."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Return the modules of `known` that a file imports, also inside functions and under `TYPE_CHECKING`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= submodules & known.keys() or {node.module}
    return {name for name in found if name in known and known[name] != path}


@cache
def import_graph(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return what every module of the package imports from it."""
    known = modules(package)
    return {name: imports(path, known) for name, path in known.items()}


def folder_of(module: str) -> str:
    """Return the folder or file of the package's root that a module lies in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def upward_imports(graph: Mapping[str, set[str]]) -> list[str]:
    """List the imports that do not go down: to a higher layer, or sideways to another folder of the same one.

    Within the top layer, and between the files of the root, sideways is allowed.
    """
    wrong = []
    for module, targets in graph.items():
        for target in sorted(targets):
            here, there = folder_of(module), folder_of(target)
            sideways = RANKS[here] == RANKS[there] and not (RANKS[here] == 0 or _is_root_file(there))
            if here != there and (RANKS[here] > RANKS[there] or sideways):
                wrong.append(f"{module} imports {target}")
    return wrong


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return modules that import each other, the first again as the last; empty if there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def table() -> Iterator[str]:
    """Yield the layers as the rows of a Markdown table, the highest first."""
    yield "| layer | what it is for |"
    yield "|---|---|"
    for folders, purpose in LAYERS:
        listed = ", ".join(f"`{folder}`" for folder in folders.split())
        yield f"| {listed} | {purpose} |"


def _is_root_file(name: str) -> bool:
    return (PACKAGE / f"{name}.py").is_file()


if __name__ == "__main__":
    print("\n".join(table()))  # noqa: T201 - a command
