"""A step from a frontier is a step of the whole model: scores, gradients and parameters, randomness on."""

from __future__ import annotations

import copy
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench import strategies
from bench.errors import BackboneError
from bench.models.backbones import build
from bench.models.classifier import Classifier, bare_on_meta
from bench.spec import BackboneSpec
from bench.train.frozen.cuts import cuts
from bench.train.frozen.frontier import Dissected

SIZES = {
    "bench/nine_layer_cnn": 32,
    "bench/small_cnn": 32,
    "timm/caformer_s18": 64,
    "timm/coatnet_nano_rw_224": 224,
    "timm/convnext_atto": 64,
    "timm/convnextv2_atto": 64,
    "timm/cs3darknet_m": 64,
    "timm/deit3_small_patch16_224": 64,
    "timm/dla34": 64,
    "timm/eca_nfnet_l0": 64,
    "timm/edgenext_xx_small": 64,
    "timm/efficientformerv2_s1": 224,
    "timm/efficientnet_b0": 64,
    "timm/efficientvit_b1": 64,
    "timm/fasternet_t0": 64,
    "timm/fastvit_t8": 64,
    "timm/hgnetv2_b0": 64,
    "timm/inception_next_tiny": 64,
    "timm/lcnet_050": 64,
    "timm/levit_128": 224,
    "timm/mambaout_femto": 64,
    "timm/maxvit_rmlp_pico_rw_256": 256,
    "timm/mobilenetv3_small_050": 64,
    "timm/mobilenetv4_conv_small": 64,
    "timm/mobilenetv4_hybrid_medium": 64,
    "timm/mobilevit_xxs": 64,
    "timm/mobilevitv2_050": 64,
    "timm/mvitv2_tiny": 224,
    "timm/pvt_v2_b0": 64,
    "timm/regnety_002": 64,
    "timm/regnetz_b16": 64,
    "timm/repvit_m0_9": 64,
    "timm/resnet18": 64,
    "timm/resnetv2_50": 64,
    "timm/rexnet_100": 64,
    "timm/semnasnet_100": 64,
    "timm/starnet_s1": 64,
    "timm/swin_tiny_patch4_window7_224": 224,
    "timm/tf_efficientnet_lite0": 64,
    "timm/tiny_vit_5m_224": 224,
    "timm/vit_tiny_patch16_224": 64,
    "timm/vit_tiny_r_s16_p8_224": 64,
    "timm/xception41": 64,
    "timm/xcit_nano_12_p16_224": 64,
    "torchvision/densenet121": 64,
    "torchvision/mobilenet_v2": 64,
    "torchvision/shufflenet_v2_x0_5": 64,
    "torchvision/squeezenet1_1": 64,
    "torchvision/vgg11": 64,
}
"""Backbones of many families: CNNs, transformers and hybrids, each at an image size that is quick."""

TOLERANCE = 2e-5
"""Largest difference allowed; it is 0 for nearly all. Memory layouts may choose other kernels."""


class Step(NamedTuple):
    """One optimizer step: scores, gradients, and the parameters and statistics after it."""

    scores: Tensor
    gradients: dict[str, Tensor]
    state: dict[str, Tensor]


@pytest.mark.parametrize("name", SIZES)
def test_a_step_from_the_frontier_is_a_step_of_the_whole_model(name: str) -> None:
    size = SIZES[name]
    model = made(name, size)
    dissected = Dissected(model, size)
    assert dissected.traced
    images, labels = torch.randn(3, 3, size, size), torch.tensor([0, 3, 4])
    images = images.contiguous(memory_format=torch.channels_last)
    start = copy.deepcopy(model.state_dict())
    middle = max(1, len(model.anatomy.blocks) // 2)
    for strategy in ("linear", "last_blocks(1)", f"freeze_first({middle})"):
        strategies.apply(model, strategy)
        cut = cuts(model, dissected.graph, dissected.seen)[-1]
        model.load_state_dict(start)
        with torch.inference_mode():
            kept = [tensor.clone() for tensor in dissected.frozen([cut], model)(images)]
        whole = stepped(model, model, (images,), labels)
        model.load_state_dict(start)
        behind = stepped(model, dissected.trained(cut, model), tuple(detached(t) for t in kept), labels)
        assert close(whole.scores, behind.scores)
        assert whole.gradients.keys() == behind.gradients.keys()
        assert all(close(g, behind.gradients[n]) for n, g in whole.gradients.items())
        assert all(close(t, behind.state[n]) for n, t in whole.state.items())


def made(name: str, size: int) -> Classifier:
    """Build a backbone with drop path where it has one, and a head with dropout."""
    library, _, architecture = name.partition("/")
    spec = BackboneSpec.model_validate({"library": library, "architecture": architecture})
    torch.manual_seed(0)
    twin, seen = bare_on_meta(spec, size)
    try:
        backbone = build(spec, size, drop_path=0.3)
    except BackboneError:
        backbone = build(spec, size)
    head = nn.Sequential(nn.Dropout(0.3), nn.Linear(seen.shape[-1], 5))
    return Classifier(backbone, head, twin.anatomy).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def stepped(model: Classifier, part: nn.Module, batch: tuple[Tensor, ...], labels: Tensor) -> Step:
    """Take one step of SGD in training mode, its randomness seeded."""
    model.zero_grad()
    part.train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    torch.manual_seed(5)
    scores = part(*batch)
    functional.cross_entropy(scores, labels).backward()
    optimizer.step()
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return Step(scores.detach(), gradients, {n: t.clone() for n, t in model.state_dict().items()})


def detached(tensor: Tensor) -> Tensor:
    """Copy a tensor out of inference mode, laid out as it was."""
    return torch.empty_strided(tensor.shape, tensor.stride()).copy_(tensor)


def close(one: Tensor, other: Tensor) -> bool:
    """Compare relative to the larger of the two tensors."""
    scale = max(1.0, float(one.abs().max()))
    return bool((one - other).abs().max() <= TOLERANCE * scale)
