"""Chooses the backend that computes the frozen part of each run."""

from __future__ import annotations

import torch

from bench.hardware.backend_speeds import Speeds, keep_speeds, kept_speeds
from bench.hardware.machine import Machine
from bench.plan.enumerate import BackendFor
from bench.spec import BackendName, RunSpec
from bench.sweep.options import parse_backend
from bench.sweep.watching import Observer


def require_backend(name: BackendName, device: torch.device, precision: str = "fp32") -> None:
    """Raise BackendError if a backend other than `auto` cannot be used on a device."""
    from bench.train.frozen.backends import BACKENDS  # noqa: PLC0415 - slow to import, and `auto` may not need it

    if name != "auto" and (error := BACKENDS[name].lacking(device, precision)):  # type: ignore[arg-type] # a spec's
        raise error


def known_backends(name: BackendName, machine: Machine, images: int) -> BackendFor:
    """Return the choice of a plan: `auto` becomes what was measured on this machine, or stays `auto`."""

    def choose(spec: RunSpec) -> BackendName:
        speeds = kept_speeds(machine, spec) if name == "auto" else None
        return parse_backend(speeds.soonest(images)) if speeds else name

    return choose


def measured_backends(
    name: BackendName, machine: Machine, images: int, device: torch.device, observer: Observer
) -> BackendFor:
    """Return the choice of a sweep: `auto` measures every backend once for each backbone, size and precision.

    The choice raises BackendError if a backend that was named cannot be used in a run's precision.
    """
    chosen: dict[tuple[str, int, str], BackendName] = {}

    def choose(spec: RunSpec) -> BackendName:
        key = (spec.backbone.name, spec.transform.image_size, spec.precision)
        if key not in chosen:
            require_backend(name, device, spec.precision)
            chosen[key] = name
            if name == "auto":
                with observer.status(f"Measuring backends with {spec.backbone.name}"):
                    chosen[key], reason = _fastest(spec, machine, images, device)
                observer.message(f"{spec.backbone.name}: backend {chosen[key]}. {reason}")
        return chosen[key]

    return choose


def _fastest(spec: RunSpec, machine: Machine, images: int, device: torch.device) -> tuple[BackendName, str]:
    """Return the backend that finishes first, and why; eager if the backbone itself cannot be computed."""
    try:
        speeds = _speeds(spec, machine, device)
    except Exception as error:  # noqa: BLE001 - the runs of this backbone fail with it, the others go on
        return "eager", f"It could not be measured: {error}."
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in speeds.images_per_s.items())
    return parse_backend(speeds.soonest(images)), " ".join([f"Images/s: {rates}.", *speeds.left_out.values()])


def _speeds(spec: RunSpec, machine: Machine, device: torch.device) -> Speeds:
    speeds = kept_speeds(machine, spec)
    if speeds is None:
        from bench.train.frozen.backends.measured import measure  # noqa: PLC0415 - loads every backend

        speeds = measure(spec, device)
        keep_speeds(machine, spec, speeds)
    return speeds
