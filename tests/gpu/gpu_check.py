"""The whole path on a machine that has a GPU: `make gpu-check` prints a page for docs/gpu.md.

Every check is a line of a table: what was compared, what was measured, and whether that is as it should be. A
check that fails does not keep the others from running; the exit code is then 1. Without a GPU it is 2.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))

from gpu_steps import STEPS, Bench, Line

from bench.environment import versions
from bench.errors import BenchError
from bench.hardware.device import deterministic, hardware, pick

PACKAGES = ("backbone-bench", "torch", "torchvision", "timm", "onnxruntime", "onnxruntime-gpu")


@dataclass(frozen=True)
class Checked:
    """One check: its lines, or what it raised."""

    name: str
    lines: tuple[Line, ...]
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error and all(line.ok for line in self.lines)


def main() -> int:
    """Run every check, print the page, and return the exit code."""
    arguments = _arguments()
    try:
        device = _device(arguments.device)
    except BenchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    deterministic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(device, Path(folder), size=arguments.image_size, images=arguments.images)
        checked = []
        for name in arguments.only or STEPS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            checked.append(_checked(name, STEPS[name], bench))
    print(_page(device, checked))
    return int(not all(each.ok for each in checked))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="cuda, or cuda:N; another one only to try this script")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--images", type=int, default=32, help="training images per class")
    parser.add_argument("--only", nargs="*", choices=STEPS, help="the checks to run; all of them by default")
    return parser.parse_args()


def _device(name: str) -> torch.device:
    if name.startswith("cuda") and not torch.cuda.is_available():
        built = torch.version.cuda or torch.version.hip
        raise BenchError(
            "There is no GPU to check.",
            f"This torch is built for {built}, but sees no GPU." if built else "This torch is built for CPU only.",
            "Run `make gpu-check` on a machine with a CUDA GPU and a CUDA build of torch.",
        )
    return pick(name)


def _checked(name: str, step: Callable[[Bench], list[Line]], bench: Bench) -> Checked:
    try:
        return Checked(name, tuple(step(bench)))
    except Exception as error:  # noqa: BLE001 - a check that fails is a line of the page
        traceback.print_exc(file=sys.stderr)
        return Checked(name, (), f"{type(error).__name__}: {error}".splitlines()[0])


def _page(device: torch.device, checked: list[Checked]) -> str:
    """Write the checks as Markdown."""
    found: dict[str, Any] = {name: v for name, v in versions(PACKAGES).items() if v}
    found["python"], found["CUDA"] = platform.python_version(), torch.version.cuda
    lines = [
        f"## {hardware(device)}",
        "",
        ", ".join(f"{name} {version}" for name, version in found.items()),
        "",
        "| check | what | found | |",
        "|---|---|---|---|",
    ]
    for each in checked:
        rows = [Line("", each.error, ok=False)] if each.error else list(each.lines)
        lines += [f"| {each.name} | {row.what} | {row.found} | {'ok' if row.ok else 'FAILED'} |" for row in rows]
    failed = sum(not each.ok for each in checked)
    return "\n".join([*lines, "", f"{len(checked) - failed} of {len(checked)} checks are as they should be."])


if __name__ == "__main__":
    sys.exit(main())
