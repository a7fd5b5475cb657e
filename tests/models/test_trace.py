from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from bench import strategies
from bench.errors import BackboneError
from bench.models.backbones import build
from bench.models.classifier import Classifier
from bench.models.head_modules import build_head
from bench.models.trace import trace
from bench.plan.count import count_backbone, with_head
from bench.spec import BackboneSpec

STRATEGIES = ["linear", "last_blocks(1)", "last_blocks(1)+norm", "norm", "bitfit", "full"]
HEAD = ["dropout(0.2)", "linear(12)", "relu", "linear"]


class Toy(nn.Module):
    """Two linear layers, an unused parameter, and one used between them, on pixels flattened to 12."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(3))
        self.last = nn.Linear(5, 2)
        self.first = nn.Linear(12, 5, bias=False)
        self.scale = nn.Parameter(torch.ones(5))

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.first(images.flatten(1)) * self.scale)


@pytest.fixture
def toy():
    with torch.device("meta"):
        return trace(Toy(), image_size=2)


def test_a_trace_lists_products_and_the_order_in_which_parameters_are_used(toy):
    assert toy.parameters == ("unused", "scale", "last.weight", "last.bias", "first.weight")
    assert [product.macs for product in toy.products] == [12 * 5, 5 * 2]
    use = dict(zip(toy.parameters, toy.first_use, strict=True))
    assert use["unused"] is None
    assert use["first.weight"] < use["scale"] < use["last.weight"]
    assert toy.shape == (1, 2)


@pytest.mark.parametrize(
    ("trainable", "repeated"),
    [
        ((), 0),
        (("unused",), 0),
        (("last.bias",), 0),
        (("last.weight",), 10),
        (("scale",), 10),
        (("scale", "last.weight"), 20),
        (("first.weight",), 60 + 10),
        (("first.weight", "scale", "last.weight", "last.bias"), 60 + 20),
    ],
    ids=str,
)
def test_backward_repeats_a_product_for_its_weight_and_for_what_trains_before_it(toy, trainable, repeated):
    assert toy.train_macs(trainable) == toy.macs + repeated


def conv_backward_flops(grad_out: Any, _x: Any, weight: Any, *args: Any, **_: Any) -> int:
    """Count a convolution's backward pass: its forward MACs for each gradient that is wanted.

    torch's own formula takes the weight's gradient of a grouped convolution for that of an ungrouped one.
    """
    input_wanted, weight_wanted = args[7][:2]
    return 2 * math.prod(grad_out) * math.prod(weight[1:]) * (input_wanted + weight_wanted)


def counted_by_torch(model: nn.Module, image_size: int, *, grouped: bool) -> int:
    """Half of what FlopCounterMode says of one real forward and backward pass."""
    mapping = {torch.ops.aten.convolution_backward: conv_backward_flops} if grouped else {}
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        model(torch.randn(1, 3, image_size, image_size)).sum().backward()
    return counter.get_total_flops() // 2


@pytest.mark.parametrize(
    ("name", "size", "grouped"),
    [
        ("timm/resnet18", 64, False),
        ("timm/test_vit", 160, False),
        ("torchvision/squeezenet1_1", 64, False),
        ("timm/test_efficientnet", 96, True),
        ("timm/test_convnext", 96, True),
        ("torchvision/shufflenet_v2_x0_5", 64, True),
    ],
)
def test_training_macs_are_half_of_what_torch_counts_in_a_real_step(on_meta, name, size, grouped):
    library, _, architecture = name.partition("/")
    counts = count_backbone(name, size, STRATEGIES)
    backbone = build(BackboneSpec(library=library, architecture=architecture), size)
    model = Classifier(backbone, build_head(HEAD, counts.features, 10), on_meta(name, size)[0].anatomy)
    for strategy in STRATEGIES:
        strategies.apply(model, strategy).eval()
        planned = with_head(counts, strategy, HEAD, 10)
        assert round(planned.train_gmacs * 1e9) == counted_by_torch(model, size, grouped=grouped), strategy


@pytest.mark.parametrize(
    ("architecture", "size"),
    [
        ("resnet18", 224),
        ("lcnet_050", 224),
        ("mobilevit_xxs", 256),
        ("convnext_atto", 224),
        ("test_vit", 160),
        ("swin_tiny_patch4_window7_224", 224),
    ],
)
def test_macs_are_those_that_fvcore_counts_operator_by_operator(on_meta, architecture, size):
    analysis = pytest.importorskip("fvcore.nn", reason="fvcore is not installed")
    from bench.models.vision import timm

    timm.layers.set_fused_attn(enable=False)  # fvcore does not know the fused operator
    try:
        model = build(BackboneSpec(library="timm", architecture=architecture), size).eval()
    finally:
        timm.layers.set_fused_attn(enable=True)
    count = analysis.FlopCountAnalysis(model, torch.zeros(1, 3, size, size))
    by_operator = (
        count.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False).by_operator()
    )
    products = {name: n for name, n in by_operator.items() if not name.endswith(("_norm", "_pool2d"))}
    assert set(products) <= {"conv", "linear", "matmul", "mean"}
    assert products.pop("mean", 0) == 0
    assert on_meta(f"timm/{architecture}", size)[1].macs == sum(products.values())


class Calls(nn.Module):
    """A model that calls one function on its features (1, 12)."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        return self.function(images.flatten(1))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.cdist(x, x),
        lambda x: torch.mv(x, x[0])[None],
        lambda x: torch.dot(x[0], x[0]).reshape(1, 1),
        lambda x: torch.fft.rfft(x).real,
        lambda x: nn.functional.bilinear(x, x, x.new_empty(2, 12, 12)),
    ],
    ids=["cdist", "mv", "dot", "fft", "bilinear"],
)
def test_an_operator_that_multiplies_matrices_is_counted_or_an_error_never_left_out(function):
    with pytest.raises(BackboneError, match="cannot be counted") as caught:
        trace(Calls(function), image_size=2)
    assert "OPERANDS" in caught.value.todo


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (lambda x: x @ x.new_empty(12, 4), 48),
        (lambda x: torch.einsum("nc,dc->nd", x, x.new_empty(4, 12)), 48),
        (lambda x: torch.baddbmm(x[None], x[None], x.new_empty(1, 12, 12))[0], 144),
        (lambda x: nn.functional.scaled_dot_product_attention(*[x[None]] * 3)[0], 24),
        (lambda x: nn.functional.conv_transpose1d(x[None].mT, x.new_empty(12, 2, 3))[0].mT.flatten(1)[:1], 72),
        (lambda x: nn.functional.interpolate(x[None], scale_factor=2)[0], 0),
    ],
    ids=["matmul", "einsum", "baddbmm", "attention", "transposed convolution", "interpolation"],
)
def test_products_count_whatever_they_are_called_and_nothing_else_does(function, macs):
    assert trace(Calls(function), image_size=2).macs == macs


def test_an_output_that_no_head_can_take_is_an_error():
    with pytest.raises(BackboneError, match=r"shape \(1, 3, 4\)"):
        trace(Calls(lambda x: x.reshape(1, 3, 4)), image_size=2)
    with pytest.raises(BackboneError, match="several parts"):
        trace(Calls(lambda x: (x, x)), image_size=2)


def test_tracing_leaves_torch_s_attention_settings_as_they_were():
    torch.backends.mha.set_fastpath_enabled(True)
    with pytest.raises(BackboneError):
        trace(Calls(lambda x: torch.cdist(x, x)), image_size=2)
    assert torch.backends.mha.get_fastpath_enabled()
    assert torch.backends.cuda.flash_sdp_enabled()


def test_torchs_own_encoder_layer_is_counted_matrix_by_matrix():
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    tokens, width = 3, 4
    seen = trace(Calls(lambda x: layer(x.reshape(1, tokens, width)).flatten(1)), image_size=2)
    projections, attention, mlp = 4 * tokens * width**2, 2 * tokens**2 * width, 2 * tokens * width * 8
    assert seen.macs == projections + attention + mlp
