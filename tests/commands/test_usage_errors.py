"""A command line that cannot be read is answered as every other mistake: in three parts, exit code 2."""

from __future__ import annotations

import pytest
from command_line import bench, refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "--budgt", "10M"), "Did you mean --budget?"),
        (("leaderboard", "--bckbone", "x"), "Did you mean --backbone?"),
        (("leaderbord",), "Did you mean leaderboard?"),
        (("cache", "lst"), "Did you mean list?"),
        (("plan",), "For example: bench plan"),
        (("show",), "For example: bench show 3fa9c1"),
        (("leaderboard", "--limit", "x"), "'--limit'"),
        (("leaderboard", "--limit", "-1"), "greater than or equal to 0"),
        (("plan", "-d", "digits", "--seeds", "0"), "'--seeds'"),
        (("plan", "-d"), "'-d' requires an argument"),
        (("runs", "cub", "digits"), "`bench runs --help` says more."),
        (("runs", "--json=yes"), "It is a switch."),
        (("--nope",), "No such option: --nope."),
        (("zzzz",), "`bench` has no command of that name."),
    ],
)
def test_a_command_line_that_cannot_be_read_is_a_mistake_in_three_parts(words, said):
    assert said in refused(*words)


def test_a_group_that_stands_alone_shows_its_help():
    for words in ((), ("cache",)):
        ended = bench(*words)
        assert "Usage: bench" in ended.stdout + ended.stderr
        assert ended.code == 2


def test_the_version_and_the_help_are_no_errors():
    assert [bench(*words).code for words in (("--version",), ("--help",), ("plan", "-h"))] == [0, 0, 0]
