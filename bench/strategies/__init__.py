"""Strategies: which parameters of a backbone train. The head always does.

The table below is the one place where a strategy is known: name -> (config, apply). A strategy text joins calls
with `+`, for example `last_blocks(1)+norm`; it trains what any of its parts trains. Some exclude company.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.calls import Call, bind, look_up, parse_call
from bench.errors import RegistryError
from bench.strategies import bitfit, freeze_first, full, last_blocks, linear, neck, norm, scratch
from bench.strategies.base import Strategy

if TYPE_CHECKING:  # torch stays out of planning
    from bench.models.classifier import Classifier

STRATEGIES: dict[str, Strategy] = {
    "scratch": Strategy(scratch.Scratch, scratch.apply, alone=True),
    "full": Strategy(full.Full, full.apply, alone=True),
    "linear": Strategy(linear.Linear, linear.apply, alone=True),
    "last_blocks": Strategy(last_blocks.LastBlocks, last_blocks.apply),
    "freeze_first": Strategy(freeze_first.FreezeFirst, freeze_first.apply),
    "neck": Strategy(neck.Neck, neck.apply),
    "norm": Strategy(norm.Norm, norm.apply),
    "bitfit": Strategy(bitfit.BitFit, bitfit.apply),
}


def parse(text: str) -> tuple[Call, ...]:
    """Read a strategy text into its parts, in the table's order, with arguments filled in.

    Raises RegistryError for an unknown name, a wrong argument, a part given twice, or company for `scratch`,
    `full` or `linear`, which already say everything.
    """
    parts: dict[str, Call] = {}
    for piece in text.split("+"):
        call = parse_call(piece, kind="strategy", error=RegistryError)
        strategy = look_up(call, STRATEGIES, kind="strategy", error=RegistryError)
        arguments = bind(call, strategy.config, kind="strategy", error=RegistryError)
        strategy.config(**arguments)
        if call.name in parts:
            raise RegistryError(f"{text!r} names {call.name} twice.", "Once is enough.", "Leave one out.")
        parts[call.name] = Call(call.name, tuple(arguments.values()))
    alone = next((name for name in parts if STRATEGIES[name].alone and len(parts) > 1), None)
    if alone:
        raise RegistryError(
            f"The strategy {text!r} joins {alone} with another.",
            f"{alone} already says what trains.",
            f"Take {alone} alone, or leave it out.",
        )
    return tuple(parts[name] for name in STRATEGIES if name in parts)


def canonical(text: str) -> str:
    """Write a strategy the one way that its run id is made of: `norm + last_blocks` is `last_blocks(1)+norm`."""
    return "+".join(str(call) for call in parse(text))


def apply(model: Classifier, text: str) -> Classifier:
    """Freeze the backbone, then let each part of the strategy unfreeze what it trains; works on meta models too.

    Raises BackboneError where the backbone has too few blocks.
    """
    model.train_only(())
    for call in parse(text):
        strategy = STRATEGIES[call.name]
        model = strategy.apply(model, strategy.config(*call.args))
    return model
