"""A filter that nothing passes is never answered with silence: misspelt it is refused, else it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import bench, refused

COMMANDS = ("leaderboard", "runs", "report")


@pytest.fixture
def asked(typical_db: Path, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """The words of each command that reads the database, for a database of cub100."""
    words = {command: (command, "--db", str(typical_db)) for command in COMMANDS}
    return {**words, "report": (*words["report"], "-o", str(tmp_path / "report.html"))}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--backbone", "resnet81", "Did you mean timm/resnet18"),
        ("--backbone", "timm/resnet81", "Did you mean timm/resnet18"),
        ("--dataset", "cub10", "Did you mean cub100?"),
        ("--dataset", "folder:nothing", "The database has: cub100."),
        ("--strategy", "linaer", "Did you mean linear?"),
        ("--strategy", "last_blocks+nrom", "Did you mean last_blocks(1)+norm"),
    ],
)
def test_a_name_that_nothing_knows_is_refused_with_the_nearest(asked, tmp_path, command, option, value, said):
    assert said in refused(*asked[command], option, value)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--backbone", "torchvision/vgg11"),
        ("--backbone", "vgg*"),
        ("--dataset", "flowers102"),
        ("--strategy", "freeze_first"),
        ("--strategy", "freeze_first(7)+norm"),
        ("--strategy", "x*"),
    ],
)
def test_a_name_or_pattern_that_no_run_has_is_said_on_stderr(asked, command, option, value):
    ended = bench(*asked[command], option, value)
    assert ended.code == 0
    assert ended.stderr.startswith(f"note: No run has the {option[2:]} {value!r}. ")


@pytest.mark.parametrize("command", COMMANDS)
def test_filters_that_some_run_passes_are_not_remarked_on(asked, command):
    assert bench(*asked[command], "--backbone", "resnet18", "--strategy", "linear").stderr == ""


def test_json_on_stdout_stays_data_alone(asked):
    ended = bench(*asked["leaderboard"], "--json", "--dataset", "flowers102")
    assert ended.data == []
