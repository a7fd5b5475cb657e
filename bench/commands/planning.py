"""What `plan` and `sweep` share once a plan is made: progress of the counting, and the forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from bench.data.manifest import ManifestHeader
    from bench.plan.enumerate import Plan
    from bench.plan.forecast import Forecast, Speed
    from bench.records.runs import PlannedRun
    from bench.registry.entries import DatasetEntry
    from bench.spec import RunSpec
    from bench.store.store import Store


class Counting:
    """A progress bar for counting models, shown once there is much to count; nothing off a terminal."""

    def __init__(self, console: Console, label: str = "Counting models") -> None:
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[name]}"),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(label, total=None, name="", visible=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int | None, name: str) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=done, total=total, name=name, visible=True)


def with_weights_at_hand(plan: Plan, planned: Callable[..., Plan]) -> Plan:
    """Return a plan whose weights can be had, and print what it leaves out because a hub does not answer.

    `planned` plans the same with another `offline`. Raises WeightsError if no weights are at hand.
    """
    from bench.commands.display import terminal
    from bench.plan.request import reachable_plan

    plan, note = reachable_plan(plan, lambda offline: planned(offline=offline))
    if note:
        terminal.err().print(f"note: {note}", style="yellow", soft_wrap=True)
    return plan


def forecast_for(
    plan: Plan, entry: DatasetEntry, header: ManifestHeader | None, speed: Speed, *, keeps: bool = True
) -> tuple[list[PlannedRun], Forecast]:
    """Make a plan's runs with their forecasts, and that of the whole; `keeps` says whether there is a cache."""
    from bench.plan.forecast import total, with_forecast

    images = header.counts if header else entry.counts
    runs = with_forecast(
        plan.runs(speed.machine.precision_for), images, speed, lambda _: keeps, kept_before(speed.machine.device)
    )
    return runs, total(runs, speed.machine.hardware)


def kept_before(device: str) -> Callable[[RunSpec], bool]:
    """Return a function that is true for runs whose frozen part is in the feature cache, for a device."""
    from bench.train.frozen.cache import FeatureCache
    from bench.train.frozen.served import is_kept

    cache, kind = FeatureCache(), device.partition(":")[0]
    return lambda spec: is_kept(cache, spec, kind)


def speed_of(device: str, store: Store | None = None) -> Speed:
    """Say how fast the device computes: as measured on it, and as runs in the database have shown."""
    from bench.hardware.machine import machine
    from bench.plan.forecast import Speed

    this = machine(device)
    if store is None:
        return Speed(this)
    rates = store.observed_rates(this.hardware)
    return Speed(this, rates.training, rates.features)
