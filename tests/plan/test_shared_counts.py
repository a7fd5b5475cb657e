"""What models share is counted once: against counting every parameter and product by its identity."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations_with_replacement

import pytest

from bench.plan.count import count_backbone, with_head
from bench.plan.shared import Joint, Part
from bench.strategies import apply

HEAD = ("dropout(0.2)", "linear")
SIZE = 32


@pytest.fixture(scope="module")
def part():
    """Make the part that a strategy on a backbone is; each is counted as a plan counts it."""

    @cache
    def made(name, strategy, trunk="t"):
        counted = count_backbone(name, SIZE, [strategy])
        return Part(trunk, name, SIZE, strategy, with_head(counted, strategy, HEAD, 10))

    return made


def joint(*parts):
    return Joint(dict(enumerate(parts))).counts(range(len(parts)))


def test_heads_on_one_frozen_backbone_cost_it_once(part):
    one = part("timm/test_resnet", "linear")
    head = one.counts.trainable_params
    found = joint(one, one, one)
    assert found.total_params == one.counts.total_params + 2 * head
    assert found.trainable_params == 3 * head
    head_macs = one.counts.gmacs - one.counts.frozen_gmacs
    assert found.gmacs == pytest.approx(one.counts.gmacs + 2 * head_macs, abs=1e-9)


@pytest.mark.parametrize("strategy", ["full", "scratch"])
def test_nothing_is_shared_where_everything_trains(part, strategy):
    one = part("timm/test_resnet", strategy)
    found = joint(one, one)
    assert found.total_params == 2 * one.counts.total_params
    assert found.gmacs == pytest.approx(2 * one.counts.gmacs)


def test_nothing_is_shared_across_trunks_or_without_one(part):
    apart = [part("timm/test_resnet", "linear", trunk) for trunk in ("a", "b", None, None)]
    found = joint(*apart)
    assert found.total_params == sum(each.counts.total_params for each in apart)
    assert found.gmacs == pytest.approx(sum(each.counts.gmacs for each in apart))


STRATEGIES = ("linear", "last_blocks(1)", "last_blocks(2)", "freeze_first(1)", "norm", "bitfit", "neck", "full")


@pytest.mark.parametrize("name", ["timm/test_efficientnet", "timm/test_vit"])
@pytest.mark.parametrize("augmented", [False, True])
def test_partly_trained_models_share_what_each_parameter_and_product_says(part, on_meta, name, augmented):
    """Brute force: a frozen parameter is known by its name, a trained one by its model too; products likewise.

    Where every epoch had new images, training computed nothing once; at inference as much is shared.
    """
    model, seen = on_meta(name, SIZE)
    sizes = {n: p.numel() for n, p in model.backbone.named_parameters()}
    trainable = {strategy: apply(model, strategy).trainable_backbone for strategy in STRATEGIES}
    bits = {s: seen._bits(trainable[s]) for s in STRATEGIES}
    parts = {strategy: part(name, strategy) for strategy in STRATEGIES}
    if augmented:
        parts = {s: replace(p, counts=replace(p.counts, frozen_gmacs=0.0)) for s, p in parts.items()}
    for chosen in combinations_with_replacement(STRATEGIES, 2):
        params = {(n, i if n in trainable[s] else None) for i, s in enumerate(chosen) for n in sizes}
        macs = {
            (p, i if any(f & bits[s] for f in product.factors) else None)
            for i, s in enumerate(chosen)
            for p, product in enumerate(seen.products)
        }
        heads = sum(parts[s].counts.trainable_params - parts[s].counts.trainable_backbone_params for s in chosen)
        head_macs = sum(round(parts[s].counts.gmacs * 1e9) - seen.macs for s in chosen)
        found = joint(*(parts[s] for s in chosen))
        assert found.total_params == sum(sizes[n] for n, _ in params) + heads, chosen
        assert round(found.gmacs * 1e9) == sum(seen.products[p].macs for p, _ in macs) + head_macs, chosen


def test_one_model_is_what_it_is(part):
    one = part("timm/test_vit", "last_blocks(1)")
    assert joint(one).total_params == one.counts.total_params
    assert joint(one).gmacs == pytest.approx(one.counts.gmacs)


def test_one_partly_trained_strategy_beside_heads_is_counted_without_building_anything(part, monkeypatch):
    import bench.models.classifier

    linear, blocks, norm = (part("timm/test_resnet", name) for name in ("linear", "last_blocks(1)", "norm"))
    monkeypatch.delattr(bench.models.classifier, "bare_on_meta")  # what builds one
    found = joint(linear, blocks, blocks)
    assert found.total_params == linear.counts.total_params + 2 * blocks.counts.trainable_params
    with pytest.raises(ImportError):
        joint(linear, blocks, norm)
