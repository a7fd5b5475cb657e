from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.errors import RecipeError
from bench.models.head import canonical_head, plan_head
from bench.models.head_modules import build_head

HEADS = [
    ["linear"],
    ["dropout(0.2)", "linear"],
    ["linear(16)", "relu", "dropout(0.5)", "linear"],
    ["linear", "relu", "dropout(0.5)"],
    ["linear", "leaky_relu"],
    ["layer_norm", "linear(8)", "batch_norm", "gelu", "linear(4)", "silu", "linear", "tanh"],
]


@pytest.mark.parametrize("layers", HEADS, ids=str)
def test_a_planned_head_counts_what_the_built_head_has(layers):
    planned, built = plan_head(layers, 32, 5), build_head(layers, 32, 5)
    assert sum(layer.params for layer in planned) == sum(p.numel() for p in built.parameters())
    linear = [module for module in built if isinstance(module, nn.Linear)]
    assert sum(layer.macs for layer in planned) == sum(module.weight.numel() for module in linear)
    assert built(torch.randn(3, 32)).shape == (3, 5)
    assert [layer.outputs for layer in planned][-1] == 5


def test_layers_after_the_classification_layer_work_on_the_scores():
    head = build_head(["linear", "relu", "dropout(0.5)"], 8, 3).eval()
    scores = head(torch.randn(64, 8))
    assert scores.shape == (64, 3)
    assert scores.min() == 0


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["relu"], "no single classification layer"),
        (["linear", "linear"], "no single classification layer"),
        ([], "no single classification layer"),
        (["linear(10)"], "no single classification layer"),
        (["linear", "linear(10)"], "ends with 10 outputs for 3 classes"),
        (["linear(0)", "linear"], "0 wide"),
        (["linear(-4)", "linear"], "-4 wide"),
        (["linear(9223372036854775807)", "linear"], "is too large"),
        (["linear(1.5)", "linear"], "width must be a whole number"),
        (["dropout(1)", "linear"], "dropout is 1"),
        (["dropout(-0.1)", "linear"], "dropout is -0.1"),
        (["dropout(0.1, 0.2)", "linear"], "wrong arguments"),
        (["relu(1)", "linear"], "wrong arguments"),
        (["softmax", "linear"], "Unknown head layer 'softmax'"),
        (["droput(0.5)", "linear"], "Did you mean dropout?"),
        (["linear(", "linear"], "Cannot read the head layer"),
    ],
    ids=str,
)
def test_a_head_that_cannot_work_is_an_error_in_three_parts(layers, message):
    with pytest.raises(RecipeError) as caught:
        plan_head(layers, 8, 3)
    assert message in str(caught.value)
    assert all((caught.value.what, caught.value.why, caught.value.todo))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (["linear"], ("linear",)),
        (["linear()"], ("linear",)),
        (["dropout", " linear "], ("dropout(0.5)", "linear")),
        (["dropout(p=0.50)", "linear"], ("dropout(0.5)", "linear")),
        (["dropout(0)", "linear( width = 8 )", "linear"], ("dropout(0.0)", "linear(8)", "linear")),
    ],
)
def test_a_head_is_written_one_way_however_it_was_typed(written, canonical):
    assert canonical_head(written) == canonical
    assert canonical_head(canonical) == canonical


def test_the_dropout_of_a_head_is_the_one_it_names():
    assert build_head(["dropout(0.3)", "linear"], 4, 2)[0].p == 0.3
