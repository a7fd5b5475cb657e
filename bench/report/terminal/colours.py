"""Colours of the page's palette for a terminal, whose ground nobody knows: as far from black as from white."""

from __future__ import annotations

from rich.console import Console

from bench.report.plots.figures import PALETTE, Colour

MIDDLE = 0.179
"""The luminance L that contrasts 4.6 to 1 with black and with white: 1.05 / (L + 0.05) = (L + 0.05) / 0.05."""

_STEPS = 64


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, from 0 to 1, as WCAG 2 defines it."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def on_any_ground(colour: Colour) -> str:
    """Mix a colour's tones for light and for dark ground until it is readable on both; returns `#rrggbb`."""
    mixes = (_mixed(colour.light, colour.dark, step / _STEPS) for step in range(_STEPS + 1))
    return min(mixes, key=lambda mix: abs(luminance(mix) - MIDDLE))


def strategy_style(index: int, console: Console) -> str:
    """Return the rich style of the strategy that has this place in the palette."""
    styles = _NAMED if console.color_system == "standard" else _STYLES
    return styles[index % len(styles)]


def _mixed(light: str, dark: str, share: float) -> str:
    parts = ((int(light[at : at + 2], 16), int(dark[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(low + share * (high - low)):02x}" for low, high in parts)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - as defined


_NAMED = ("cyan", "red", "green", "bright_black", "magenta", "yellow", "blue", "bright_red")
"""For terminals of 16 colours, which choose the tones themselves."""

_STYLES = tuple(map(on_any_ground, PALETTE))
