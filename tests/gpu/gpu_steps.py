"""The checks of `make gpu-check`, by name. Each takes a bench and returns lines: what, found, as it should be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from bench.commands.display.doctor_report import examine
from bench.data.datasets import Dataset, folder_entry, open_dataset
from bench.hardware.device import precision_for
from bench.hardware.tf32 import uses_tf32
from bench.registry.loading import Registry
from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec
from bench.strategies import canonical
from bench.train.frozen.backends import BACKENDS, distance, prepare
from bench.train.frozen.backends.base import BackendError
from bench.train.frozen.cache import FeatureCache
from bench.train.frozen.cuts import cuts
from bench.train.heads.batch import Company
from bench.train.hooks import Hooks, StoppedError
from bench.train.loaded import Shelf
from bench.train.run import Outcome, Run
from bench.train.workbench import Workbench

CPU = torch.device("cpu")
BACKBONE = "timm/efficientnet_b0"
STRATEGIES = ("linear", "last_blocks(1)", "norm", "bitfit", "full")
CLOSE = {"fp32": 1e-3, "bf16": 0.1, "fp16": 0.05}
"""How far, in the norm, scores of untrained models may be from the CPU's."""


@dataclass(frozen=True)
class Line:
    """One line of the page."""

    what: str
    found: str
    ok: bool = True


@dataclass
class Bench:
    """The device, made images in a folder, and runs on them; backbones have random weights."""

    device: torch.device
    folder: Path
    size: int = 224
    images: int = 32
    backbone: str = BACKBONE
    _made: int = field(default=0, init=False)

    @cached_property
    def dataset(self) -> Dataset:
        """Four classes of noise, each of another colour."""
        random = np.random.default_rng(0)
        for split, count in (("train", self.images), ("test", max(2, self.images // 4))):
            for label in range(4):
                place = self.folder / "images" / split / f"class{label}"
                place.mkdir(parents=True, exist_ok=True)
                for number in range(count):
                    pixels = random.integers(0, 128, (self.size, self.size, 3), dtype=np.uint8)
                    pixels[..., label % 3] += np.uint8(40 * (1 + label // 3))
                    Image.fromarray(pixels).save(place / f"{number:03}.png")
        return open_dataset(folder_entry(self.folder / "images"))

    def spec(self, strategy: str = "linear", precision: str = "fp32", **recipe: Any) -> RunSpec:
        """Make the spec of a short run."""
        library, _, architecture = self.backbone.partition("/")
        manifest = self.dataset.manifest
        return RunSpec(
            dataset=DatasetSpec(
                name=manifest.name,
                target=manifest.default_target,
                num_classes=4,
                fingerprint=manifest.fingerprint,
                val_fraction=0.25,
            ),
            backbone=BackboneSpec(library=library, architecture=architecture, weights=WeightsSpec(source="none")),
            strategy=canonical(strategy),
            recipe=RecipeSpec.model_validate({"epochs": 2, "batch_size": 16, "head": ("linear",), **recipe}),
            transform=TransformSpec(image_size=self.size),
            precision=precision,  # type: ignore[arg-type] # pydantic checks it
        )

    def workbench(self, device: torch.device | None = None) -> Workbench:
        """Make a workbench with an empty cache of its own."""
        self._made += 1
        return Workbench(device or self.device, self.dataset, FeatureCache(self.folder / f"cache{self._made}"))

    def run(self, spec: RunSpec, device: torch.device | None = None, hooks: Hooks | None = None) -> Outcome:
        """Execute a run from its start."""
        path = self.folder / f"run{self._made}.pt"
        return Run(spec, self.workbench(device), path, hooks or Hooks()).execute()


def doctor(bench: Bench) -> list[Line]:
    """What `bench doctor` says of the device."""
    findings = examine(Registry.load([]), None, str(bench.folder / "none.db"))
    named = [f for f in findings if f.what in {"device", "GPU", "torchvision and timm beside torch"}]
    lines = [Line(f.what, f.found or f.todo, ok=f.ok) for f in named]
    return [*lines, Line("fp32 is rounded to TF32", str(uses_tf32(bench.device)), ok=not uses_tf32(bench.device))]


def precisions(bench: Bench) -> list[Line]:
    """Every precision trains every strategy, and says what it fell back to."""
    lines = []
    for asked in ("auto", "fp32", "bf16", "fp16"):
        used, note = precision_for(bench.device, asked)
        lines.append(Line(f"precision {asked}", f"{used}. {note or ''}".strip()))
    for precision in dict.fromkeys(precision_for(bench.device, asked)[0] for asked in ("fp32", "bf16", "fp16")):
        for strategy in STRATEGIES:
            result = bench.run(bench.spec(strategy, precision)).result
            found = f"val loss {result.val.loss:.4f}, {result.latency_1_s * 1e3:.2f} ms for one image"
            lines.append(Line(f"{strategy} in {precision}", found, ok=bool(np.isfinite(result.val.loss))))
    return lines


def against_the_cpu(bench: Bench) -> list[Line]:
    """What a run that learns nothing predicts, against the CPU in fp32."""
    lines = []
    for strategy in ("linear", "full"):
        wanted = bench.run(bench.spec(strategy, lr=1e-12, epochs=1), CPU).test_logits
        for precision in dict.fromkeys(precision_for(bench.device, asked)[0] for asked in CLOSE):
            found = bench.run(bench.spec(strategy, precision, lr=1e-12, epochs=1)).test_logits
            off = float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
            lines.append(Line(f"{strategy} in {precision}", f"{off:.2e} of the norm", ok=off <= CLOSE[precision]))
    return lines


def heads_together(bench: Bench) -> list[Line]:
    """Heads that train together, against each alone."""
    specs = [bench.spec(lr=lr) for lr in (1e-3, 3e-3, 1e-2, 3e-2)]
    workbench, found = bench.workbench(), dict[str, Outcome]()

    class Ends:
        def finished(self, run: Run, outcome: Outcome) -> None:
            found[run.spec.run_id] = outcome

        def failed(self, _run: Run, error: Exception) -> None:
            raise error

    Company([Run(s, workbench, bench.folder / s.run_id, Hooks()) for s in specs], Hooks(), Ends()).execute()
    off = max(_off(found[s.run_id].test_logits, bench.run(s).test_logits) for s in specs)
    probe = bench.spec(optimizer="lbfgs", lr=1.0, epochs=3)
    return [
        Line("largest difference of 4 heads, together and alone", f"{off:.1e}", ok=off < 1e-3),
        Line("the probe, against the CPU", f"{(p := _top1(bench, probe)):+.3f} top-1", ok=abs(p) <= 0.1),
    ]


def backends(bench: Bench) -> list[Line]:
    """Every backend, against eager fp32 on this device; each checks itself too before it is used."""
    spec, lines = bench.spec(), list[Line]()
    loaded = Shelf().load(spec)
    model = loaded.classifier(spec, bench.device)
    dissected = loaded.frontiers(model)
    frozen = dissected.frozen([cuts(model, dissected.graph, dissected.seen)[-1]], model)
    images = torch.randn(64, 3, bench.size, bench.size, device=bench.device)
    with torch.inference_mode():
        (wanted,) = frozen(images)
    for name in BACKENDS:
        try:
            compute = prepare(name, frozen, images, device=bench.device, precision="fp32")
            off = distance(compute(images)[0], wanted)
            lines.append(Line(name, f"{off:.1e} of the norm", ok=off < 1e-4))
        except BackendError as error:
            lines.append(Line(name, f"not used: {error.what} {error.why}"))
    return lines


def second_device(bench: Bench) -> list[Line]:
    """The same run on the second GPU, while the first is the current one."""
    if bench.device.type != "cuda" or torch.cuda.device_count() < 2:
        return [Line("a second GPU", "there is none: not checked")]
    other = torch.device("cuda", 1)
    before = torch.cuda.memory_allocated(0)
    off = _off(
        bench.run(bench.spec("full", epochs=1), other).test_logits,
        bench.run(bench.spec("full", epochs=1)).test_logits,
    )
    left = torch.cuda.memory_allocated(0) - before
    return [
        Line(f"{other} against {bench.device}", f"{off:.1e}", ok=off < 1e-3),
        Line("left on the first", f"{left:,} B"),
    ]


def resume(bench: Bench) -> list[Line]:
    """A run that was stopped after an epoch ends as if it had not been."""
    lines = []
    for strategy in ("linear", "full"):
        spec, workbench = bench.spec(strategy, epochs=3), bench.workbench()
        whole, seen = bench.run(spec).test_logits, list[Any]()
        path = bench.folder / f"resumed-{spec.run_id}.pt"
        try:
            Run(spec, workbench, path, Hooks(epoch=seen.append, stop=lambda seen=seen: len(seen) == 1)).execute()
        except StoppedError:
            off = _off(Run(spec, workbench, path, Hooks()).execute().test_logits, whole)
            lines.append(Line(f"{strategy}, stopped after an epoch", f"{off:.1e}", ok=off < 1e-3))
    return lines


def memory(bench: Bench) -> list[Line]:
    """Ten runs in a row hold no more memory than one; a step that does not fit is computed in parts."""
    spec, peaks, workbench = bench.spec("full", epochs=1), list[int](), bench.workbench()
    for number in range(10):
        run = Run(spec, workbench, bench.folder / f"memory{number}.pt", Hooks())
        peaks.append(run.execute().result.peak_memory_bytes)
    grown = max(peaks) / min(peaks) - 1
    lines = [Line("peak of 10 equal runs", f"{min(peaks):,} to {max(peaks):,} B", ok=grown < 0.1)]
    if bench.device.type == "cuda":
        lines.append(_limited(bench, max(peaks)))
    return lines


def _limited(bench: Bench, peak: int) -> Line:
    """Train a head of no norm with a batch that a limit on the allocator has no room for."""
    total = torch.cuda.get_device_properties(bench.device).total_memory
    bitfit = bench.spec("bitfit", epochs=1, batch_size=4 * bench.images)
    torch.cuda.set_per_process_memory_fraction(min(1.0, 2 * peak / total), bench.device)
    try:
        result = bench.run(bitfit).result
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, bench.device)
    found = f"{result.micro_batch_size} of {bitfit.recipe.batch_size} images at a time"
    return Line("a step under a memory limit", found, ok=result.micro_batch_size < bitfit.recipe.batch_size)


def synchronisations(bench: Bench) -> list[Line]:
    """Where a training epoch waits for the GPU, as torch's sync debug mode names it."""
    if bench.device.type != "cuda":
        return [Line("host synchronisations", "named on CUDA only: not checked")]
    lines = []
    for strategy in ("linear", "full"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                bench.run(bench.spec(strategy, epochs=1))
            finally:
                torch.cuda.set_sync_debug_mode("default")
        places: dict[str, int] = {}
        for warning in caught:
            if "synchron" in str(warning.message):
                place = f"{Path(warning.filename).name}:{warning.lineno}"
                places[place] = places.get(place, 0) + 1
        named = ", ".join(f"{place} ({count})" for place, count in sorted(places.items(), key=lambda p: -p[1]))
        lines.append(Line(f"{strategy}, one epoch with its evaluations", named or "none"))
    return lines


def _off(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> float:
    return float(np.abs(found - wanted).max())


def _top1(bench: Bench, spec: RunSpec) -> float:
    return bench.run(spec).result.test.top1 - bench.run(spec, CPU).result.test.top1


STEPS: dict[str, Callable[[Bench], list[Line]]] = {
    "doctor": doctor,
    "precisions and strategies": precisions,
    "against the CPU": against_the_cpu,
    "heads together": heads_together,
    "backends": backends,
    "second device": second_device,
    "resume": resume,
    "memory": memory,
    "host synchronisations": synchronisations,
}
