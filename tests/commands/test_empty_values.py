"""Values with nothing in them, as an unset shell variable gives."""

from __future__ import annotations

import pytest
from command_line import refused


@pytest.mark.parametrize(
    ("option", "value"),
    [("--backbones", ""), ("-m", ","), ("-s", " "), ("-b", ""), ("--target", ""), ("--strategies", ", ,")],
)
def test_an_empty_choice_is_refused_and_does_not_mean_everything(option, value):
    for command in (["plan"], ["sweep", "--dry-run"]):
        assert "is empty." in refused(*command, "-d", "digits", option, value)


@pytest.mark.parametrize("option", ["--db", "--dataset", "--target", "--budget", "--backbone", "--strategy"])
def test_an_empty_filter_is_refused_and_named(option):
    for command in ("leaderboard", "report"):
        assert f"error: {option} is empty." in refused(command, option, "")


def test_an_empty_run_id_is_refused_and_does_not_mean_the_only_run():
    assert "error: RUN is empty." in refused("show", "")
