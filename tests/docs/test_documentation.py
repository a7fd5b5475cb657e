"""The documentation is true: its commands run, its links lead somewhere, its reference is the tool's own help."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from command_line import bench
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "cli.md"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), ROOT / "reports" / "README.md"]
)


def commands() -> list[tuple[str, str]]:
    """List every command, those of groups too, with its docstring."""
    from bench.__main__ import app

    groups = [
        ("", app),
        *((f"{group.typer_instance.info.name} ", group.typer_instance) for group in app.registered_groups),
    ]
    return [
        (prefix + (info.name or info.callback.__name__), info.callback.__doc__ or "")
        for prefix, group in groups
        for info in group.registered_commands
        if info.callback
    ]


def reference() -> str:
    """Write the reference page from `--help`."""
    from bench.__main__ import app

    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})
    parts = [
        "# Every command\n\nMade from `bench COMMAND --help`; `BENCH_TEST_WRITE_DOCS=1 make test` renews it.\n"
    ]
    for name in ["", *(name for name, _ in commands())]:
        shown = runner.invoke(app, [*name.split(), "--help"], prog_name="bench")
        assert shown.exit_code == 0
        lines = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
        parts.append(f"## bench {name}".rstrip() + f"\n\n```\n{lines}\n```\n")
    return "\n".join(parts)


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("bench ")]


def test_the_reference_is_what_help_prints() -> None:
    if os.environ.get("BENCH_TEST_WRITE_DOCS") == "1":
        REFERENCE.write_text(reference(), encoding="utf-8")
    assert REFERENCE.read_text(encoding="utf-8") == reference()


def test_every_command_has_help_with_an_example() -> None:
    assert [name for name, text in commands() if "Example: bench" not in text] == []


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """A folder with a database of a few real runs, and images where the README has some."""
    from bench.store.store import Store

    place = tmp_path_factory.mktemp("readme")
    (place / "birds").symlink_to(tiny_folder)
    options = ("--backbones", "timm/test_efficientnet@none", "--image-size", 32, "--epochs", 1, "--seeds", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        made = bench("sweep", "--dataset", f"folder:{tiny_folder}", "--strategies", "linear", *options)
    assert made.code == 0, made.stderr
    with Store.open(place / "runs.db") as store:
        (place / "run-ids").write_text(" ".join(row.run_id for row in store.rows()))
    return place


def with_what_is_there(words: list[str], place: Path) -> list[str]:
    """Put the workplace's runs, images and dataset in the place of the README's."""
    first, second = (place / "run-ids").read_text().split()
    image = next((place / "birds").rglob("*.png"))
    there = {"3fa9c1": first, "81d0e7": second, "bird.jpg": str(image), "~/birds": str(place / "birds")}
    for named, here in there.items():
        words = [word.replace(named, here) for word in words]
    if words[0] == "sweep" and "--dry-run" not in words:
        return [*words, "--dry-run"]  # what it would train is planned, which reads every option
    if "--watch" in words:  # serves until Ctrl-C: tests/commands/test_report_watch.py
        return [word for word in words if word != "--watch"]
    if words[0] in ("leaderboard", "ensemble") and "cub" in words:
        return [word for word in words if word not in ("--dataset", "cub")]
    return [*words, "--dataset", f"folder:{(place / 'birds').resolve()}"] if words[0] == "mistakes" else words


@pytest.mark.parametrize("command", readme_commands())
def test_every_command_of_the_readme_runs(command: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    done = bench(*with_what_is_there(shlex.split(command)[1:], workplace))
    assert done.code == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_the_map_of_the_readme_names_every_module() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    modules = [path.name for path in (ROOT / "bench").glob("*.py") if not path.name.startswith("__init__")]
    folders = [
        f"{path.name}/" for path in (ROOT / "bench").iterdir() if path.is_dir() and (path / "__init__.py").exists()
    ]
    assert [name for name in [*modules, *folders] if name not in text] == []


def test_nothing_names_a_path_of_one_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:
        pytest.skip("not a git checkout, so there is no list of the project's own files")
    home = re.compile(r"/(?:home|root|Users)/\w+/")
    texts = [ROOT / name for name in listed if name.endswith((".py", ".md", ".toml", ".ini", ".txt", ".j2"))]
    assert [str(p) for p in texts if home.search(p.read_text(encoding="utf-8")) and p != Path(__file__)] == []
