"""Heads are fp32 under autocast, fp32 is not TF32, and bf16 is taken only from hardware that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bench.hardware import device as devices
from bench.hardware.device import autocast, precision_for
from bench.hardware.gauge import Product
from bench.hardware.peak_memory import PeakMemory
from bench.hardware.tf32 import disable_tf32, uses_tf32
from bench.models.head_modules import build_head
from bench.train.hooks import Hooks
from bench.train.latency import deployed, latency

Maker = Callable[..., Any]
CPU, CUDA, MPS = torch.device("cpu"), torch.device("cuda"), torch.device("mps")


def test_a_head_is_computed_in_fp32_under_autocast() -> None:
    head = build_head(("linear(64)", "relu", "linear"), 32, 1000)
    features = torch.randn(200, 32)
    wanted = head(features)
    with autocast(CPU, "bf16"):
        scores = head(features)
        assert (features @ features.t()).dtype == torch.bfloat16
    assert scores.dtype == torch.float32
    assert torch.equal(scores, wanted)
    assert torch.equal(head(features.bfloat16()), head(features.bfloat16().float()))


@pytest.mark.parametrize(
    "recipe", [{}, {"optimizer": "lbfgs", "head": ["linear"], "lr": 1.0}], ids=["sgd", "probe"]
)
@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_scores_of_a_bf16_run_have_the_digits_of_fp32(
    strategy: str, recipe: dict[str, Any], make_spec: Maker, execute: Maker
) -> None:
    if recipe and strategy == "full":
        pytest.skip("the probe is for frozen backbones")
    spec = make_spec(strategy, epochs=1, **recipe).model_copy(update={"precision": "bf16"})
    logits = torch.from_numpy(execute(spec).test_logits)
    assert not torch.equal(logits, logits.bfloat16().float())


def test_heads_of_a_bf16_run_are_the_same_to_the_bit_together_and_alone(
    make_spec: Maker, workbench: Any, execute: Maker, tmp_path: Path
) -> None:
    from bench.train.heads.batch import Company
    from bench.train.run import Outcome, Run

    specs = [make_spec("linear", lr=lr, epochs=2).model_copy(update={"precision": "bf16"}) for lr in (0.01, 0.02)]
    found: dict[str, Outcome] = {}

    class Ends:
        def finished(self, run: Run, outcome: Outcome) -> None:
            found[run.spec.run_id] = outcome

        def failed(self, run: Run, error: Exception) -> None:
            raise AssertionError(run.spec.run_id) from error

    Company([Run(s, workbench, tmp_path / s.run_id, Hooks()) for s in specs], Hooks(), Ends()).execute()
    for spec in specs:
        (tmp_path / "run.pt").unlink(missing_ok=True)
        assert np.array_equal(found[spec.run_id].test_logits, execute(spec).test_logits)


@pytest.mark.parametrize(
    ("capability", "asked", "used", "said"),
    [
        ((7, 0), "auto", "fp32", "no bf16"),  # V100
        ((7, 5), "auto", "fp32", "no bf16"),  # T4
        ((7, 5), "bf16", "fp32", "precision=fp16"),
        ((7, 5), "fp16", "fp16", None),
        ((8, 0), "auto", "bf16", None),  # A100
        ((8, 9), "bf16", "bf16", None),
        ((9, 0), "fp32", "fp32", None),
        ((12, 0), "auto", "bf16", None),
    ],
)
def test_bf16_is_for_gpus_that_have_it(
    capability: tuple[int, int], asked: str, used: str, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability if device == CUDA else None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Some GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)  # emulated is supported, for torch
    precision, note = precision_for(CUDA, asked)
    assert precision == used
    assert (note is None) == (said is None)
    assert said is None or said in str(note)


@pytest.mark.parametrize("asked", ["bf16", "fp16"])
def test_mixed_precision_on_mps_falls_back_and_says_so(asked: str) -> None:
    assert precision_for(MPS, "auto") == ("fp32", None)
    precision, note = precision_for(MPS, asked)
    assert precision == "fp32"
    assert asked in str(note)


def test_auto_leaves_mps_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.pick("auto").type == "cpu"


def test_sums_are_float64_where_the_device_has_it() -> None:
    assert [devices.sum_dtype(d) for d in (CPU, CUDA, MPS)] == [torch.float64, torch.float64, torch.float32]


def test_tf32_is_off_for_products_and_convolutions_once_a_device_is_picked() -> None:
    torch.backends.cudnn.conv.fp32_precision = torch.backends.cuda.matmul.fp32_precision = "tf32"
    assert uses_tf32(CUDA)
    assert uses_tf32(CPU) is None
    devices.pick("cpu")
    assert uses_tf32(CUDA) is False
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    assert torch.backends.cudnn.allow_tf32 is False  # the older API can be read: the two were not mixed
    assert torch.backends.cuda.matmul.allow_tf32 is False
    torch.backends.cudnn.conv.fp32_precision = "tf32"
    disable_tf32()
    assert uses_tf32(CUDA) is False


def test_a_gpu_that_is_not_used_is_not_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    seeded: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    devices.seed_step(7)
    assert not seeded  # torch would take a stack trace each time
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    devices.seed_step(7)
    assert seeded == [7]


class TestLatency:
    """A deployed model has a backbone of the precision's own type, and fp32 scores."""

    @pytest.fixture
    def model(self, make_spec: Maker, workbench: Any) -> Any:
        spec = make_spec("linear")
        return workbench.shelf.load(spec).classifier(spec, CPU).eval()

    def test_a_copy_is_cast_once_and_the_model_is_left_alone(self, model: Any) -> None:
        images = torch.zeros(2, 3, 32, 32)
        seen: list[torch.dtype] = []
        compute = deployed(model, images, CPU, "bf16")
        hook = nn.modules.module.register_module_forward_hook(
            lambda module, *_: seen.extend(p.dtype for p in module.parameters(recurse=False))
        )
        try:
            with torch.inference_mode():
                scores = compute(images)
        finally:
            hook.remove()
        assert scores.dtype == torch.float32
        assert {*seen[:-2]} == {torch.bfloat16}
        assert {*seen[-2:]} == {torch.float32}  # the head's weight and bias
        assert {p.dtype for p in model.parameters()} == {torch.float32}

    def test_a_backbone_that_mixes_types_is_measured_under_autocast(self, model: Any) -> None:
        class Mixing(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner, self.own = model.backbone, nn.Parameter(torch.ones(3, 3, 1, 1))

            def forward(self, images: torch.Tensor) -> torch.Tensor:
                return self.inner(nn.functional.conv2d(images.float(), self.own))  # type: ignore[no-any-return]

        model.backbone = Mixing()
        images = torch.zeros(1, 3, 32, 32)
        assert latency(deployed(model, images, CPU, "bf16"), images, CPU) > 0

    def test_it_is_warmed_up_five_times_and_repeated_twenty_times_or_until_time_is_up(self) -> None:
        calls: list[int] = []
        latency(lambda _: calls.append(0), torch.zeros(1), CPU)
        assert len(calls) == 5 + 20
        calls.clear()
        latency(lambda _: calls.append(0), torch.zeros(1), CPU, cap_s=0.0)
        assert len(calls) == 1 + 3

    def test_models_that_compute_alike_share_it(self, make_spec: Maker, execute: Maker, workbench: Any) -> None:
        for strategy, head in (("linear", ["linear"]), ("bitfit", ["dropout(0.5)", "linear"])):
            execute(make_spec(strategy, epochs=1, head=head))
        assert len(workbench.latencies) == 1
        execute(make_spec("linear", epochs=1, head=["linear(8)", "relu", "linear"]))
        assert len(workbench.latencies) == 2


class TestMemory:
    """The peak of a run is its own: neither of its pass, nor of measuring latency, nor of runs before it."""

    def test_what_runs_in_a_pause_does_not_count(self) -> None:
        with PeakMemory(CPU) as memory:
            with memory.paused():
                paused = np.ones(200 << 20, dtype=np.uint8)
                del paused
            held = np.ones(20 << 20, dtype=np.uint8)
            within = memory.bytes
            del held
        with PeakMemory(CPU) as counted:
            held = np.ones(200 << 20, dtype=np.uint8)
            most = counted.bytes
            del held
        assert most - within > 100 << 20

    def test_what_the_gauge_allocates_on_a_gpu_does_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        held, peak = [0], [0]

        def hold(size: int) -> None:
            held[0] += size
            peak[0] = max(peak[0], held[0])

        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: peak[0])
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: peak.__setitem__(0, held[0]))
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
        measured = Product._sample

        def sample(product: Product, threads: int) -> float:
            hold(1000)
            hold(-1000)
            product.device = CPU
            return measured(product, threads)

        monkeypatch.setattr(Product, "_sample", sample)
        with PeakMemory(CUDA) as memory:
            hold(50)
            hold(-20)
            Product(CUDA).slowdown()
            assert memory.bytes == 50
            hold(40)
        assert memory.bytes == 70

    def test_a_backbone_of_an_earlier_run_is_let_go_before_a_run_is_measured(
        self, make_spec: Maker, workbench: Any, execute: Maker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        execute(make_spec("linear", epochs=1))
        assert workbench.shelf.kept
        found: list[Any] = []
        begin = PeakMemory.__enter__

        def enter(self: PeakMemory) -> PeakMemory:
            found.append(workbench.shelf.kept)
            return begin(self)

        monkeypatch.setattr(PeakMemory, "__enter__", enter)
        execute(make_spec("full", epochs=1, drop_path=0.1))
        assert found[0] is None

    def test_a_pass_has_its_own_peak_which_every_run_that_read_it_names(
        self, make_spec: Maker, execute: Maker
    ) -> None:
        first, second = (execute(make_spec("linear", epochs=1, lr=lr)) for lr in (0.01, 0.02))
        (made,) = first.passes
        assert made.peak_memory_bytes > 0
        assert (
            first.result.pass_peak_memory_bytes == second.result.pass_peak_memory_bytes == made.peak_memory_bytes
        )
        assert execute(make_spec("full", epochs=1)).result.pass_peak_memory_bytes is None

    def test_nothing_of_a_run_stays_when_it_has_ended(
        self, make_spec: Maker, workbench: Any, tmp_path: Path
    ) -> None:
        import gc
        import weakref

        from bench.train.run import Run

        spec = make_spec("full", epochs=1)
        backbone = weakref.ref(workbench.shelf.load(spec).backbone)
        run = Run(spec, workbench, tmp_path / "run.pt", Hooks())
        run.execute()
        assert not {"model", "part", "inputs", "loaded"} & vars(run).keys()
        gc.disable()
        try:
            with PeakMemory(CPU):
                assert backbone() is None  # though graphs of torch.fx are cycles
        finally:
            gc.enable()
