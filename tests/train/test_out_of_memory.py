"""When memory runs out: smaller parts where that is the same computation, else an error that names what fits."""

from __future__ import annotations

import dataclasses
import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.models.head_modules import build_head
from bench.models.vision import timm, torchvision
from bench.train.heads.batch import Company
from bench.train.hooks import Hooks
from bench.train.micro_batches import noise_of, obstacle, parts_of
from bench.train.out_of_memory import Halving, OutOfMemoryError, in_parts, is_out_of_memory
from bench.train.run import Outcome, Run
from bench.train.trainer import Trainer

Maker = Callable[..., Any]
CPU = torch.device("cpu")


def full_over(limit: int, *, training: bool = True) -> Callable[..., None]:
    """A forward hook for which memory ends at so many images, in training mode only unless told otherwise."""

    def check(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if len(inputs[0]) > limit and (module.training or not training):
            raise torch.OutOfMemoryError(f"out of memory with {len(inputs[0])} images")

    return check


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let memory end at so many images for what a trainer trains."""

    def limit(images: int, *, training: bool = True) -> None:
        begin = Trainer.__init__

        def limited(self: Trainer, model: nn.Module, *rest: Any) -> None:
            begin(self, model, *rest)
            model.register_forward_pre_hook(full_over(images, training=training))

        monkeypatch.setattr(Trainer, "__init__", limited)

    return limit


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"), True),
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_a_lack_of_memory_looks_like(error: Exception, is_one: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_out_of_memory(error) == is_one


def test_a_size_is_halved_down_to_one_and_remembered() -> None:
    tried: list[int] = []

    def compute(size: int) -> int:
        tried.append(size)
        if size > 3:
            raise torch.OutOfMemoryError
        return size

    halving = Halving(CPU)
    assert (halving(compute, 11), halving(compute, 11), halving(compute, 2)) == (3, 3, 2)
    assert tried == [11, 6, 3, 3, 2]


def test_what_does_not_fit_even_once_is_raised_and_other_errors_are_not_tried_again() -> None:
    tried: list[int] = []

    def compute(size: int, error: type[Exception] = torch.OutOfMemoryError) -> None:
        tried.append(size)
        raise error

    with pytest.raises(torch.OutOfMemoryError):
        Halving(CPU)(compute, 4)
    assert tried == [4, 2, 1]
    with pytest.raises(ValueError):  # noqa: PT011 - raised above, without a message
        Halving(CPU)(lambda size: compute(size, ValueError), 4)
    assert tried == [4, 2, 1, 4]


def test_an_evaluation_in_parts_is_that_of_the_whole() -> None:
    layer = nn.Linear(5, 3).eval()
    batch = torch.randn(7, 5)
    whole = layer(batch)
    layer.register_forward_pre_hook(full_over(2, training=False))
    torch.testing.assert_close(in_parts(Halving(CPU), layer, (batch,)), whole)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Dropout(0.4),
        nn.Dropout2d(0.4),
        timm.layers.DropPath(0.4),
        torchvision.ops.StochasticDepth(0.4, "row"),
        torchvision.ops.StochasticDepth(0.4, "batch"),
        build_head(("dropout(0.3)", "linear(6)", "relu", "dropout(0.3)", "linear"), 6, 6),
    ],
    ids=["dropout", "dropout2d", "drop_path", "row", "batch", "head"],
)
@pytest.mark.parametrize("last", [True, False], ids=["channels_last", "contiguous"])
def test_parts_of_a_batch_have_the_noise_of_the_whole(layer: nn.Module, last: bool) -> None:  # noqa: FBT001 - a parameter
    vectors = isinstance(layer, nn.Sequential)
    x = torch.randn(7, 6) if vectors else torch.randn(7, 6, 3, 3)
    if last and not vectors:
        x = x.contiguous(memory_format=torch.channels_last)
    layer.train()
    torch.manual_seed(5)
    whole = layer(x)
    parts = []
    for rows in parts_of(7, 3):
        torch.manual_seed(5)
        with noise_of(layer, 7, rows):
            parts.append(layer(x[rows]))
    torch.testing.assert_close(torch.cat(parts), whole)
    torch.manual_seed(5)
    assert torch.equal(layer(x), whole)


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        (nn.BatchNorm2d(3), "0"),
        (nn.BatchNorm2d(3).eval(), None),
        (nn.BatchNorm2d(3, track_running_stats=False).eval(), "0"),
        (nn.GroupNorm(1, 3), None),
        (nn.LayerNorm(3), None),
        (timm.layers.EvoNorm2dB0(3), "0"),
        (nn.Dropout(0.5), None),
        (nn.AlphaDropout(0.5), "0"),
        (nn.AlphaDropout(0.0), None),
        (timm.layers.DropBlock2d(0.1), "0"),
        (torchvision.ops.StochasticDepth(0.2, "row"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_what_keeps_a_step_whole(layer: nn.Module, found: str | None) -> None:
    model = nn.Sequential(layer)
    model.training = True
    reason = obstacle(model)
    assert (reason is None) == (found is None)
    assert reason is None or f" {found} " in reason


@pytest.mark.parametrize(
    ("backbone", "strategy", "recipe"),
    [
        ("timm/test_efficientnet", "linear", {"norm_stats": "frozen", "clip_grad_norm": 0.05}),
        ("timm/test_vit", "full", {"drop_path": 0.2, "label_smoothing": 0.1, "optimizer": "sgd", "lr": 0.01}),
        ("timm/test_vit", "last_blocks(1)", {"drop_path": 0.2, "optimizer": "sgd", "lr": 0.01}),
    ],
)
def test_a_step_in_parts_is_the_same_step(
    backbone: str, strategy: str, recipe: dict[str, Any], make_spec: Maker, execute: Maker, memory_for: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    size = {"image_size": 160} if "vit" in backbone else {}
    spec = make_spec(strategy, backbone, epochs=2, **recipe)
    if size:
        spec = spec.model_copy(update={"transform": spec.transform.model_copy(update=size)})
    whole = execute(spec)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    memory_for(3)
    notes: list[str] = []
    parts = execute(spec, Hooks(note=notes.append))
    assert (whole.result.micro_batch_size, parts.result.micro_batch_size) == (8, 2)
    assert any("2 at a time" in note for note in notes)
    np.testing.assert_allclose(parts.test_logits, whole.test_logits, rtol=1e-4, atol=1e-5)
    assert parts.result.val.loss == pytest.approx(whole.result.val.loss, rel=1e-4)


def test_a_norm_that_reads_the_batch_fails_the_run_which_names_the_batch_size_that_fits(
    make_spec: Maker, execute: Maker, memory_for: Any
) -> None:
    memory_for(5)
    with pytest.raises(OutOfMemoryError) as caught:
        execute(make_spec("full", epochs=1))
    assert "8 images" in caught.value.what
    assert "bn" in caught.value.why
    assert "--set batch_size=4, which fits" in caught.value.todo


def test_a_batch_of_which_no_part_fits_says_so(make_spec: Maker, execute: Maker, memory_for: Any) -> None:
    memory_for(0)
    with pytest.raises(OutOfMemoryError, match="No smaller batch fits"):
        execute(make_spec("full", epochs=1))


def test_a_run_that_fits_in_no_part_says_what_to_do(make_spec: Maker, execute: Maker, memory_for: Any) -> None:
    memory_for(0)
    with pytest.raises(OutOfMemoryError) as caught:
        execute(make_spec("linear", epochs=1, drop_path=0.0))
    assert all((caught.value.what, caught.value.why, caught.value.todo))


def test_an_evaluation_that_does_not_fit_goes_on_in_parts(
    make_spec: Maker, execute: Maker, memory_for: Any, tmp_path: Path
) -> None:
    spec = make_spec("bitfit", epochs=1)
    whole = execute(spec)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    memory_for(8, training=False)
    np.testing.assert_allclose(execute(spec).test_logits, whole.test_logits, rtol=1e-4, atol=1e-5)


class Ends:
    """Collects how the runs of a group end."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.errors: dict[str, Exception] = {}

    def finished(self, run: Run, outcome: Outcome) -> None:
        self.outcomes[run.spec.run_id] = outcome

    def failed(self, run: Run, error: Exception) -> None:
        self.errors[run.spec.run_id] = error


@pytest.mark.parametrize("at", ["training", "evaluation", "arranging"])
def test_a_group_of_heads_goes_on_in_halves(
    at: str, make_spec: Maker, workbench: Any, execute: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.train.heads.stacked import StackedHeads

    specs = [make_spec("linear", epochs=3, lr=0.01 * n) for n in range(1, 6)]
    together: list[int] = []
    name = {"training": "backward", "evaluation": "evaluate", "arranging": "__init__"}[at]
    method = getattr(StackedHeads, name)

    def limited(self: StackedHeads, *rest: Any) -> Any:
        count = len(rest[0]) if at == "arranging" else self.count
        together.append(count)
        if count > 2:
            raise torch.OutOfMemoryError("out of memory")
        return method(self, *rest)

    monkeypatch.setattr(StackedHeads, name, limited)
    ends = Ends()
    runs = [Run(spec, workbench, tmp_path / f"{spec.run_id}.pt", Hooks()) for spec in specs]
    Company(runs, Hooks(), ends).execute()
    assert ends.errors == {}
    assert max(together[-2:]) <= 2
    monkeypatch.undo()
    for spec in specs:
        (tmp_path / "run.pt").unlink(missing_ok=True)
        alone = execute(spec)
        assert np.array_equal(ends.outcomes[spec.run_id].test_logits, alone.test_logits)
        assert ends.outcomes[spec.run_id].result.val == alone.result.val


def test_a_frozen_pass_goes_on_with_smaller_chunks(
    make_spec: Maker, execute: Maker, tmp_path: Path, workbench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.train.frozen.backends import eager

    spec = make_spec("linear", epochs=1)
    whole = execute(spec)
    prepare, sizes = eager.prepare, list[int]()

    def limited(frozen: nn.Module, *rest: Any) -> Any:
        frozen.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
        frozen.register_forward_pre_hook(full_over(3, training=False))
        return prepare(frozen, *rest)

    monkeypatch.setitem(
        __import__("bench.train.frozen.backends", fromlist=["BACKENDS"]).BACKENDS,
        "eager",
        dataclasses.replace(eager.BACKEND, prepare=limited),
    )
    (tmp_path / "run.pt").unlink(missing_ok=True)
    workbench.cache = type(workbench.cache)(tmp_path / "other")
    again = execute(spec)
    assert {8, 4, 2} <= set(sizes)
    np.testing.assert_allclose(again.test_logits, whole.test_logits, rtol=1e-4, atol=1e-5)


LIMITED = """
import resource, sys, torch
from torch import nn
from bench.hardware.device import pick
from bench.train.out_of_memory import Halving
pick("cpu")
torch.set_num_threads(1)
layers = nn.Conv2d(3, 32, 3), nn.GELU(), nn.Conv2d(32, 32, 3), nn.GELU(), nn.Flatten(), nn.LazyLinear(4)
net = nn.Sequential(*layers)
images = torch.randn(64, 3, 64, 64)
net(images[:1]).sum().backward()
used = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize")][0] * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]), resource.RLIM_INFINITY))
def step(size):
    net.zero_grad()
    for rows in torch.split(images, size):
        net(rows).square().sum().backward()
    return size
print(Halving(torch.device("cpu"))(step, 64))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_a_real_limit_of_memory_is_met_with_smaller_parts() -> None:
    found = {}
    for limit in (4 << 30, 100 << 20):
        command = [sys.executable, "-c", LIMITED, str(limit)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found[limit] = int(done.stdout)
    assert found[4 << 30] == 64
    assert 1 <= found[100 << 20] < 64
