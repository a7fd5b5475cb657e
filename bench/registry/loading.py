"""TOML files -> the specs they describe: what can be benchmarked.

The shipped registry must be valid. Folders that users add (`--registry`, `BENCH_REGISTRY`, `$BENCH_HOME/registry`,
the entry points `bench.registry`) are plug-ins: a broken entry of theirs is left out with a warning, and what
they define goes before what is shipped.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bench.disk.bounded import expanded, parse_toml, read_text, resolved
from bench.disk.home import bench_home
from bench.errors import BenchError, RegistryError, unknown_name
from bench.registry.entries import BackboneEntry, BudgetEntry, DatasetEntry, RecipeEntry, StrategyEntry
from bench.registry.studies import ReferenceEntry, StudyEntry
from bench.spec import Spec

E = TypeVar("E", bound=Spec)

KINDS: dict[str, type[Spec]] = {
    "backbones": BackboneEntry,
    "datasets": DatasetEntry,
    "strategies": StrategyEntry,
    "recipes": RecipeEntry,
    "budgets": BudgetEntry,
    "studies": StudyEntry,
    "references": ReferenceEntry,
}
"""File (or folder of files) name -> the schema of its entries."""


@dataclass
class Registry:
    """Everything that is known by name, kind by kind, and the warnings of broken plug-ins."""

    entries: dict[str, dict[str, Spec]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    warnings: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    @classmethod
    def load(cls, folders: Iterable[Path] = ()) -> Registry:
        """Read the shipped registry and every plug-in; `folders` are those of `--registry`, which must exist."""
        registry = cls()
        registry.add_folder(shipped_folder(), plugin=False)
        for folder in _installed_folders(registry.warnings):
            registry.add_folder(folder, plugin=True)
        for folder in [*_named_folders(), *folders]:
            if not folder.is_dir():
                raise RegistryError(
                    f"There is no registry folder {folder}.",
                    "A registry is a folder of TOML files: datasets.toml, backbones.toml, ...",
                    "Check the path given with --registry or BENCH_REGISTRY.",
                )
            registry.add_folder(folder, plugin=True)
        return registry

    def add_folder(self, folder: Path, *, plugin: bool) -> None:
        """Read one folder; a plug-in's mistakes become warnings, the shipped registry's are raised."""
        self.folders.append(folder)
        for kind, schema in KINDS.items():
            added: dict[str, Spec] = {}
            for path in _files(folder, kind):
                with self._forgiving(plugin=plugin):
                    for name, table in _tables(path, kind).items():
                        with self._forgiving(plugin=plugin):
                            added[name] = _located(_check(schema, name, table, path), folder)
            self.entries[kind] = added | {n: e for n, e in self.entries[kind].items() if n not in added}

    @contextmanager
    def _forgiving(self, *, plugin: bool) -> Iterator[None]:
        """Turn a plug-in's mistake into a warning."""
        try:
            yield
        except RegistryError as error:
            if not plugin:
                raise
            self.warnings.append("Ignored " + " ".join(filter(None, (error.what, error.why, error.todo))))

    def all(self, kind: type[E]) -> list[E]:
        """List the entries of one kind: of plug-ins first, else in the order of their file."""
        name = next(key for key, schema in KINDS.items() if schema is kind)
        return list(self.entries[name].values())  # type: ignore[arg-type]

    def get(self, kind: type[E], name: str) -> E:
        """Look an entry up by name; raises RegistryError that lists the valid names and the nearest."""
        found = {entry.name: entry for entry in self.all(kind)}  # type: ignore[attr-defined]
        if name not in found:
            raise unknown_name(kind.__name__.removesuffix("Entry").lower(), name, found)
        return found[name]

    def find_backbone(self, name: str) -> BackboneEntry | None:
        """Look a backbone up by name, else by alias or architecture (the first that has it); None if none has."""
        entries = {entry.name: entry for entry in self.all(BackboneEntry)}
        also = (e for e in entries.values() if name in (e.name.partition("/")[2], *e.aliases))
        return entries.get(name) or next(also, None)


def shipped_folder() -> Path:
    """Return the folder of the registry that comes with bench: in the wheel, or in the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_registry"
    return inside if inside.is_dir() else package.parent / "registry"


def _installed_folders(warnings: list[str]) -> Iterator[Path]:
    """Find the folders of installed packages (each entry point is a path, or a function that returns one)."""
    for point in entry_points(group="bench.registry"):
        try:
            value = point.load()
            folder = Path(value() if callable(value) else value)
            next(folder.iterdir(), None)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plug-in raises, the command goes on
            warnings.append(f"Ignored the plug-in {point.name} ({point.value}): {type(error).__name__}: {error}")
        else:
            yield folder


def _named_folders() -> Iterator[Path]:
    """Find the user's own folder and those of `BENCH_REGISTRY`; later ones go before earlier ones."""
    home = bench_home() / "registry"
    if home.is_dir():
        yield home
    for text in os.environ.get("BENCH_REGISTRY", "").split(os.pathsep):
        if text:
            yield expanded(text)


def _files(folder: Path, kind: str) -> list[Path]:
    return [p for p in [folder / f"{kind}.toml", *sorted((folder / kind).glob("*.toml"))] if os.path.lexists(p)]


def _tables(path: Path, kind: str) -> dict[str, dict[str, object]]:
    try:
        data = parse_toml(read_text(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise RegistryError(f"{path} cannot be read.", f"{why}.", "Correct the file.") from error
    if kind == "studies":  # one study a file, so that a file reads like the study
        return {str(data.get("name", path.stem)): data}
    wrong = next((name for name, table in data.items() if not isinstance(table, dict)), None)
    if wrong:
        raise RegistryError(f"{path} has {wrong!r} outside a table.", "Each entry is a table: [name].", "Move it.")
    return {name: {"name": name, **table} for name, table in data.items()}


def _check(schema: type[Spec], name: str, table: dict[str, object], path: Path) -> Spec:
    if table.get("name", name) != name:
        why = f"It calls itself {table['name']!r}, but its table's name is its name."
        raise RegistryError(f"[{name}] in {path} has two names.", why, "Remove one.")
    try:
        return schema.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            key = str(first["loc"][-1])
            hint = unknown_name("key", key, _keys(schema, first["loc"][:-1]))
            raise RegistryError(f"[{name}] in {path}: unknown key {where!r}.", hint.why, hint.todo) from error
        raise RegistryError(
            f"[{name}] in {path} is not valid.", f"{where}: {first['msg']}.", "Correct the entry."
        ) from error
    except BenchError as error:
        raise RegistryError(
            f"[{name}] in {path} is not valid.", f"{error.what} {error.why}", error.todo
        ) from error


def _located(entry: Spec, folder: Path) -> Spec:
    """Find the files that an entry names from its registry's folder.

    Where a weights file lies on this machine is not what it is.
    """
    if isinstance(entry, DatasetEntry) and entry.groups:
        places = {target: str(_place(folder, entry.name, name)) for target, name in entry.groups.items()}
        return entry.model_copy(update={"groups": places})
    if not isinstance(entry, BackboneEntry) or entry.weights is None or entry.weights.source != "file":
        return entry
    path = _place(folder, entry.name, entry.weights.path or entry.weights.location)
    weights = entry.weights.model_copy(update={"location": "", "path": str(path)})
    return entry.model_copy(update={"weights": weights})


def _place(folder: Path, entry: str, text: str) -> Path:
    try:
        path = resolved(folder / expanded(text))
        path.exists()  # raises for a name that is too long
    except OSError as error:
        raise RegistryError(
            f"[{entry}] in {folder} names a file that cannot be used.",
            f"{error.strerror}: {text:.100}.",
            "Correct the path.",
        ) from error
    return path


def _keys(schema: type[Spec], path: tuple[int | str, ...]) -> list[str]:
    """List the keys that are valid at `path` inside a schema, as far as its nested records tell."""
    for part in path:
        annotation = str(schema.model_fields[part].annotation) if part in schema.model_fields else ""
        nested = [s for s in Spec.__subclasses__() if re.search(rf"\b{s.__name__}\b", annotation)]
        schema = nested[0] if nested else schema
    return list(schema.model_fields)
