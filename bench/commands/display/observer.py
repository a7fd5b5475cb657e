"""Shows on a terminal what a session does, and catches Ctrl-C while it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from bench.commands.display import terminal
from bench.commands.display.counting import Counting
from bench.commands.display.dataset_check import show_before_training
from bench.commands.display.sweep_progress import Display, Plain
from bench.commands.interrupts import Interrupts
from bench.data.datasets import Dataset
from bench.errors import INTERRUPTED
from bench.plan.forecast import Forecast
from bench.records.runs import PlannedRun
from bench.report.terminal.plan_list import forecast_text
from bench.sweep.watching import Count, Observer, Watcher


class ConsoleObserver(Observer):
    """Prints to stderr."""

    def __init__(self) -> None:
        self.console = terminal.err()
        self._interrupts: Interrupts | None = None

    def message(self, text: str) -> None:
        """Print a message."""
        self.console.print(text, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Print a note."""
        self.console.print(f"note: {text}", style="yellow", soft_wrap=True)

    def opened(self, dataset: Dataset) -> None:
        """Print what the check of a dataset found, the first time on this machine."""
        show_before_training(dataset)

    def counting(self, label: str = "Counting models") -> AbstractContextManager[Count]:
        """Show a progress bar."""
        return Counting(self.console, label)

    def status(self, label: str) -> AbstractContextManager[object]:
        """Show a spinner."""
        return self.console.status(label)

    def watching(self, runs: Sequence[PlannedRun], forecast: Forecast) -> AbstractContextManager[Watcher]:
        """Print the forecast, and show the runs at work."""
        self.console.print(forecast_text(forecast))
        return Display(self.console, runs) if self.console.is_terminal else Plain(self.console, runs)

    @contextmanager
    def interruptible(self) -> Iterator[Callable[[], bool]]:
        """Catch Ctrl-C and SIGTERM: the first asks to stop, the second stops at once."""
        with Interrupts() as self._interrupts:
            yield self._interrupts.wanted

    @property
    def exit_code(self) -> int:
        """The exit code of a command that was told to stop: 143 after SIGTERM, else 130."""
        return self._interrupts.exit_code if self._interrupts else INTERRUPTED
