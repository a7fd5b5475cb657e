"""What every backend of the frozen pass promises on networks of different kinds.

`BENCH_REQUIRE_BACKENDS=1` makes a backend whose packages are not installed a failure.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.hardware.device import chunk_size, frozen_batch
from bench.models.backbones import build
from bench.models.classifier import Classifier, bare_on_meta
from bench.spec import BackboneSpec
from bench.train.frozen.backends import BACKENDS, TOLERANCE, distance, prepare
from bench.train.frozen.backends.base import BackendError, Compute
from bench.train.frozen.cuts import cuts
from bench.train.frozen.frontier import Dissected

CPU = torch.device("cpu")
NETWORKS = (
    "timm/mobilenetv3_small_050",
    "timm/test_convnext",
    "timm/test_efficientnet",
    "timm/test_resnet",
    "timm/test_vit",
)
SIZE = 64


@functools.cache
def frozen(name: str) -> nn.Module:
    """Build the frozen part of a network with two frontiers: in its middle, and behind it all."""
    library, _, architecture = name.partition("/")
    spec = BackboneSpec(library=library, architecture=architecture)
    twin, _ = bare_on_meta(spec, SIZE)
    torch.manual_seed(0)
    model = Classifier(build(spec, SIZE), nn.Identity(), twin.anatomy)
    model.train_only([])
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # statistics that do something
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    dissected = Dissected(model, SIZE)
    found = cuts(model, dissected.graph, dissected.seen)
    return dissected.frozen([found[len(found) // 2], found[-1]], model)


def images(count: int) -> Tensor:
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(count))


def usable(backend: str, precision: Any) -> None:
    """Skip where a backend cannot be used here; one whose packages are missing may be a failure."""
    error = BACKENDS[backend].lacking(CPU, precision)
    if error is None:
        return
    said = str(error).replace("\n", " ")
    if os.environ.get("BENCH_REQUIRE_BACKENDS") == "1" and "is not installed" in said:
        pytest.fail(said)
    pytest.skip(said)


@functools.cache
def prepared(backend: str, name: str, precision: Any) -> Compute:
    return prepare(backend, frozen(name), images(frozen_batch(CPU)), device=CPU, precision=precision)


@pytest.mark.parametrize("count", ["many", "a chunk and a few", "one"])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_computes_what_eager_fp32_computes(backend: str, name: str, count: str) -> None:
    usable(backend, "fp32")
    agrees(backend, name, "fp32", count)


@pytest.mark.parametrize("name", ["timm/test_efficientnet"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_in_bf16_a_backend_is_as_far_off_as_is_said(backend: str, name: str) -> None:
    usable(backend, "bf16")
    agrees(backend, name, "bf16", "a chunk and a few")


def agrees(backend: str, name: str, precision: Any, count: str) -> None:
    """Hold a batch against eager fp32, and against being changed."""
    sizes = {"many": frozen_batch(CPU), "a chunk and a few": chunk_size(CPU) + 3, "one": 1}
    batch = images(sizes[count])
    computed = prepared(backend, name, precision)(batch)
    assert torch.equal(batch, images(sizes[count]))
    with torch.inference_mode():
        wanted = frozen(name)(batch)
    assert len(wanted) == 2
    assert [t.shape for t in computed] == [t.shape for t in wanted]
    assert all(distance(c, w) <= TOLERANCE[precision] for c, w in zip(computed, wanted, strict=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_computed_of_an_image_does_not_depend_on_the_number_of_threads(backend: str) -> None:
    usable(backend, "fp32")
    name, threads = "timm/test_efficientnet", torch.get_num_threads()
    batch = images(3 * chunk_size(CPU))
    one = prepared(backend, name, "fp32")(batch)
    try:
        torch.set_num_threads(3)
        three = prepare(backend, frozen(name), batch, device=CPU, precision="fp32")(batch)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))


class Opaque(nn.Module):
    """Takes a turn that depends on the numbers: nothing that is exported can follow."""

    def forward(self, batch: Tensor) -> tuple[Tensor, ...]:
        return (batch.mean((2, 3)) * (1 if float(batch.sum()) > 0 else -1),)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_model_that_cannot_be_converted_is_an_error_and_not_other_numbers(backend: str) -> None:
    usable(backend, "fp32")
    below = -torch.ones(2, 3, 8, 8)
    with pytest.raises(BackendError, match=f"{backend} cannot take this model"):
        prepare(backend, Opaque(), torch.cat([torch.ones(1, 3, 8, 8), below]), device=CPU, precision="fp32")
