import io

import pytest
from rich.console import Console

from bench.report.plots.figures import PALETTE
from bench.report.terminal.colours import luminance, on_any_ground, strategy_style


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["#000000", "#ffffff"])
def test_every_strategy_is_readable_on_a_black_and_on_a_white_terminal(ground):
    assert min(contrast(on_any_ground(colour), ground) for colour in PALETTE) >= 3.8


def test_luminance_is_that_of_wcag():
    assert luminance("#ffffff") == pytest.approx(1)
    assert luminance("#808080") == pytest.approx(0.2159, abs=1e-4)


@pytest.mark.parametrize("system", ["truecolor", "256", "standard"])
def test_strategies_differ_in_every_kind_of_terminal(system):
    console = Console(file=io.StringIO(), force_terminal=True, color_system=system)
    for index in range(4):
        console.print("x", style=strategy_style(index, console))
    assert len(set(console.file.getvalue().splitlines())) == 4
