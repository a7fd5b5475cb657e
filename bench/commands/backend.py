"""What `--backend` means for the runs of a plan; `auto` is measured where a sweep begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from bench.errors import BenchError, unknown_name
from bench.plan.backends import with_backend
from bench.spec import BackendName, RunSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from rich.console import Console

    from bench.data.manifest import ManifestHeader
    from bench.hardware.backend_speeds import Speeds
    from bench.hardware.machine import Machine
    from bench.plan.enumerate import Plan
    from bench.plan.forecast import Forecast
    from bench.records.runs import PlannedRun
    from bench.registry.entries import DatasetEntry


def backend_asked(text: str) -> BackendName:
    """Read a backend's name. Raises BenchError for one that there is not."""
    found: BackendName | None = next((name for name in get_args(BackendName) if name == text), None)
    if found is None:
        raise unknown_name("backend", text, get_args(BackendName), BenchError)
    return found


def usable(asked: BackendName, device: torch.device, precisions: Sequence[str] = ("fp32",)) -> None:
    """Raise BackendError where a backend that was asked for by name cannot be used."""
    from bench.train.frozen.backends import BACKENDS

    for precision in precisions if asked != "auto" else ():
        lacking = BACKENDS[asked].lacking(device, precision)  # type: ignore[arg-type] # a spec's own
        if lacking:
            raise lacking


def foreseen(
    plan: Plan, entry: DatasetEntry, header: ManifestHeader | None, device: str, asked: BackendName
) -> tuple[list[PlannedRun], Forecast]:
    """Make a plan's runs and forecast them; backends that no sweep has measured yet stay `auto`."""
    from bench.commands.planning import forecast_for, speed_of
    from bench.hardware.backend_speeds import kept_speeds

    speed = speed_of(device)
    images = sum((header.counts if header else entry.counts).values())

    def backend_for(spec: RunSpec) -> BackendName:
        speeds = kept_speeds(speed.machine, spec) if asked == "auto" else None
        return backend_asked(speeds.soonest(images)) if speeds else asked

    runs, forecast = forecast_for(plan, entry, header, speed)
    return with_backend(runs, backend_for), forecast


def settled(
    runs: Sequence[PlannedRun],
    asked: BackendName,
    images: Mapping[str, int],
    machine: Machine,
    device: torch.device,
    console: Console,
) -> list[PlannedRun]:
    """Put the backends into a sweep's runs; `auto` measures what it has not measured here yet."""
    chosen: dict[tuple[str, int, str], BackendName] = {}

    def backend_for(spec: RunSpec) -> BackendName:
        key = (spec.backbone.name, spec.transform.image_size, spec.precision)
        if key not in chosen:
            chosen[key], said = _measured(spec, sum(images.values()), machine, device, console)
            console.print(f"{spec.backbone.name}: backend {chosen[key]}. {said}", highlight=False, soft_wrap=True)
        return chosen[key]

    if asked == "auto":
        return with_backend(runs, backend_for)
    made = with_backend(runs, lambda _spec: asked)
    usable(asked, device, sorted({run.spec.precision for run in made if run.spec.backend == asked}))
    return made


def _measured(
    spec: RunSpec, images: int, machine: Machine, device: torch.device, console: Console
) -> tuple[BackendName, str]:
    """Take the backend that is through first, and say why; eager where the backbone itself does not compute."""
    try:
        speeds = _speeds(spec, machine, device, console)
    except Exception as error:  # noqa: BLE001 - its runs will fail with it, one row each, and others go on
        return "eager", f"It could not be measured: {error}."
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in speeds.images_per_s.items())
    return backend_asked(speeds.soonest(images)), " ".join([f"Images/s: {rates}.", *speeds.left_out.values()])


def _speeds(spec: RunSpec, machine: Machine, device: torch.device, console: Console) -> Speeds:
    from bench.hardware.backend_speeds import keep_speeds, kept_speeds

    speeds = kept_speeds(machine, spec)
    if speeds is None:
        from bench.train.frozen.backends.measured import measure

        with console.status(f"Measuring backends with {spec.backbone.name}"):
            speeds = measure(spec, device)
        keep_speeds(machine, spec, speeds)
    return speeds
