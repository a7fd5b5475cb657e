"""A plan in one line: `plan(["timm/resnet18"], ["linear"], budget="10M")`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bench.plan.backbones import Candidate, choose
from bench.plan.budget import parse_budget
from bench.plan.enumerate import Plan, Request, make_plan
from bench.plan.variants import variants
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.registry.loading import Registry
from bench.spec import DatasetSpec


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.load()


@pytest.fixture(scope="session")
def plan(registry: Registry) -> Callable[..., Plan]:
    def planned(
        backbones: Sequence[str | Candidate], strategies: Sequence[str], classes: int = 10, **changes: Any
    ) -> Plan:
        named = [name for name in backbones if isinstance(name, str)]
        entry = changes.pop("entry", None) or DatasetEntry(name="any", reader="cub", num_classes=classes)
        request = Request(
            dataset=DatasetSpec(name="any", num_classes=classes),
            entry=entry,
            candidates=[*choose(registry, named), *(c for c in backbones if isinstance(c, Candidate))],
            strategies=strategies,
            variants=variants(
                [changes.pop("recipe", None) or registry.get(RecipeEntry, "default")],
                changes.pop("settings", ()),
                changes.pop("overrides", {}),
            ),
            budget=parse_budget(changes.pop("budget", None)),
            **changes,
        )
        return make_plan(request)

    return planned
