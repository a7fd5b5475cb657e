"""The optimizer of a recipe over a model's trainable parameters, and the optimizers of several runs as one."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from bench.spec import RecipeSpec


def make_optimizer(model: nn.Module, recipe: RecipeSpec) -> torch.optim.Optimizer:
    """Build it. Weight decay applies to tensors of two or more dimensions, not to norms and biases, as in timm."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    if recipe.optimizer == "lbfgs":  # `bench.train.probe` makes one for each weight decay: no state outlives it
        return torch.optim.LBFGS(trainable)
    large, small = [p for p in trainable if p.ndim > 1], [p for p in trainable if p.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": [*large, *small], "weight_decay": 0.0}]  # one is one call a step
    if recipe.weight_decay:
        groups = [{"params": large, "weight_decay": recipe.weight_decay}, {"params": small, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "sgd":
        nesterov = recipe.momentum > 0
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=nesterov, fused=True)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=recipe.lr, momentum=recipe.momentum)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.lr, fused=True)


class Together:
    """Steps optimizers of one kind at once; each keeps its own state and settings, as if it had stepped alone.

    Parameters whose settings are equal at a step share a call, which on a GPU is most of what a step costs.
    """

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        self._optimizers = optimizers
        self._all = copy.copy(optimizers[0])
        own = {p: o.state[p] for o in optimizers for group in o.param_groups for p in group["params"]}
        self._all.state = defaultdict(dict, own)

    def step(self, rates: Sequence[float]) -> None:
        """Step each optimizer with its learning rate."""
        shared: dict[tuple[float, float, bool], dict[str, Any]] = {}
        for optimizer, rate in zip(self._optimizers, rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate
                begun = bool(self._all.state[group["params"][0]])
                same = shared.setdefault((rate, group["weight_decay"], begun), {**group, "params": []})
                same["params"].extend(group["params"])
        self._all.param_groups = list(shared.values())
        self._all.step()
