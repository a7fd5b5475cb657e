"""No name, path, error or value steers a terminal or reaches a CSV raw."""

from __future__ import annotations

import ast
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from command_line import bench
from rich.text import Text

from bench.report.export.csv_text import to_csv
from bench.report.terminal.safe_console import SafeConsole, SafeTable
from bench.units import on_one_line, some_names, visible

ROOT = Path(__file__).parents[1] / "bench"
HOSTILE = "a\x1b[31mred\x07\x9b2J\u202egpj.exe\u200b\ufeff\u2066\U000e0041\r"
WRITERS = {"print", "typer.echo", "typer.secho", "click.echo", "sys.stdout.write", "sys.stderr.write"}
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\ufeff\u2066\U000e0041]")


def test_every_control_and_format_character_is_escaped_and_everything_else_stays():
    for number in (*range(0x3000), *range(0xFE00, 0x10000), *range(0xE0000, 0xE0100)):
        char = chr(number)
        hidden = unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\n\t"
        if hidden and not 0x600 <= number <= 0x8E2:  # signs of Arabic and Syriac are seen
            assert visible(char) != char, hex(number)
        elif unicodedata.category(char)[0] in "LNPSM" and "FILLER" not in unicodedata.name(char, ""):
            ignorable = number == 0x34F or 0x17B4 <= number <= 0x17B5 or 0x180B <= number <= 0x180F
            assert visible(char) == char or ignorable, hex(number)


def test_escapes_are_those_of_json():
    assert json.loads(f'"{visible(HOSTILE)}"') == HOSTILE
    assert on_one_line("a\nb\tc") == "a\\nb\\tc"


@pytest.mark.parametrize("colour", [True, False])
def test_a_console_shows_names_as_escapes_and_keeps_its_own_colours(colour):
    out = io.StringIO()
    console = SafeConsole(file=out, force_terminal=colour, width=200, markup=False, highlight=False)
    table = SafeTable(HOSTILE)
    table.add_row(Text(HOSTILE, style="bold red"))
    console.print(table)
    console.print(HOSTILE)
    console.print(Text.assemble(("plain ", "green"), HOSTILE))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) if colour else out.getvalue()
    assert not RAW.search(shown)
    assert shown.count("\\u202egpj.exe") >= 3
    if colour:
        assert "\x1b[" in out.getvalue()
        assert "\x1b[31mred" not in out.getvalue()


def test_a_csv_holds_no_raw_control():
    text = to_csv([{"name": HOSTILE, "values": [HOSTILE]}])
    assert not RAW.search(text)
    assert "\\u001b[31mred" in text


def test_an_error_and_a_message_show_what_they_quote_as_escapes():
    for words in (
        ("leaderboard", "--db", f"{HOSTILE}.db"),
        ("plan", "-d", HOSTILE),
        (HOSTILE,),
        ("runs", HOSTILE),
    ):
        ended = bench(*words)
        assert ended.code == 2
        assert not RAW.search(ended.stderr)


def test_nothing_but_the_terminal_module_writes_to_a_stream():
    writing = []
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).as_posix() in ("commands/display/terminal.py", "testing/layers.py"):
            continue
        calls = [
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
        ]
        writing += [
            f"{path.relative_to(ROOT)}:{node.lineno}" for node in calls if ast.unparse(node.func) in WRITERS
        ]
    assert writing == []


def test_a_long_list_of_names_is_cut_and_counted():
    assert some_names(["a", "b"], 2) == "a, b"
    assert some_names(["a\n", "b", "c"], 2) == r"a\n, b, ... (3 in all)"
    assert some_names([], 2) == ""
