"""A rich console on which no name, path or message can steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

from bench.units import visible


class SafeConsole(Console):
    """Shows control, bidirectional and zero-width characters as escapes; its own colours and movements stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render with every text made visible: before it is laid out if it is one, else piece by piece."""
        for segment in super().render(_visible(renderable), options):
            if segment.control or (shown := visible(segment.text)) == segment.text:
                yield segment
            else:
                yield Segment(shown, segment.style)


class SafeTable(Table):
    """A table whose cells are made visible when they are added, so that columns are as wide as what they show."""

    def add_row(
        self, *renderables: RenderableType | None, style: StyleType | None = None, end_section: bool = False
    ) -> None:
        """Add a row of cells."""
        cells = [None if cell is None else _visible(cell) for cell in renderables]
        super().add_row(*cells, style=style, end_section=end_section)


def _visible(renderable: RenderableType) -> RenderableType:
    if isinstance(renderable, str):
        return visible(renderable)
    if not isinstance(renderable, Text) or (shown := visible(renderable.plain)) == renderable.plain:
        return renderable
    copy = renderable.copy()
    copy.plain = shown
    return copy
