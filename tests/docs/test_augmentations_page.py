"""docs/augmentations.md lists what there is, with the defaults there are, and its commands run."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path

import pytest
from command_line import bench

from bench.augment.table import AUGMENTATIONS

PAGE = (Path(__file__).parents[2] / "docs" / "augmentations.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def written(name: str) -> str:
    parameters = list(inspect.signature(AUGMENTATIONS[name]).parameters.values())[1:]
    arguments = [p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters]
    return f"{name}({', '.join(arguments)})"


def test_the_table_names_every_augmentation_with_its_defaults() -> None:
    listed = re.findall(r"^\| `(\w+\([^`]*\))` \|", PAGE, re.MULTILINE)
    assert listed == [written(name) for name in sorted(AUGMENTATIONS)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = bench(*shlex.split(command)[1:])
    assert ended.code == 0, ended.stderr
    assert (tmp_path / "reports" / "augment-digits.png").stat().st_size > 10_000
