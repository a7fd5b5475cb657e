"""One forward pass on the meta device: every matrix product, what flows into it, and when parameters are used.

No weight is allocated and no number computed: shapes alone are propagated, below autograd, operator by operator.
Each tensor carries the set of parameters that it depends on, as the bits of an integer; so a single trace answers,
for any choice of trainable parameters, which products the backward pass has to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from bench.errors import BackboneError

aten = torch.ops.aten

OPERANDS: dict[Any, tuple[int, int]] = {
    aten.mm: (0, 1),
    aten.bmm: (0, 1),
    aten.addmm: (1, 2),
    aten.baddbmm: (1, 2),
    aten.convolution: (0, 1),
    aten._convolution: (0, 1),  # noqa: SLF001 - an operator's name, not a private attribute
}
"""Operators that multiply matrices, and where their two factors stand among the arguments."""

LIKE_INPUT = frozenset([aten.gelu, aten._safe_softmax])  # noqa: SLF001 - as above
NORMS = frozenset([aten.native_batch_norm, aten.native_layer_norm])
"""Operators whose result has their input's shape; torch takes a third of a trace to find that out."""

_MULTIPLIES = re.compile(r"mm\b|mv\b|dot\b|conv|matmul|attention|transformer|lstm|gru|rnn|linear|einsum|cdist|fft")
_HARMLESS = re.compile(r"upsample|log_|col2im|im2col")


@dataclass(frozen=True)
class Product:
    """One matrix product: its multiply-accumulates, and the parameters upstream of each factor, as bits."""

    macs: int
    factors: tuple[int, int]


@dataclass(frozen=True)
class Trace:
    """What one image does in a model.

    `parameters` are the names in registration order (bit i stands for the i-th); `first_use` is the position of
    the operator that reads each first, None where none does; `shape` is the output's.
    """

    parameters: tuple[str, ...]
    products: tuple[Product, ...]
    first_use: tuple[int | None, ...]
    shape: tuple[int, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the forward pass."""
        return sum(product.macs for product in self.products)

    def train_macs(self, trainable: Iterable[str]) -> int:
        """Count the forward pass and what the backward pass repeats where only `trainable` parameters train.

        A product costs its forward MACs once more for each factor that the gradient must reach: its weight, if
        that trains, and its input, if anything before it trains.
        """
        mask = self._bits(trainable)
        return sum(p.macs * (1 + sum(1 for factor in p.factors if factor & mask)) for p in self.products)

    def frozen_macs(self, trainable: Iterable[str]) -> int:
        """Count the part of the forward pass that no trainable parameter reaches: what may be computed once."""
        mask = self._bits(trainable)
        return sum(p.macs for p in self.products if not any(factor & mask for factor in p.factors))

    def frozen_by(self, choices: Sequence[Iterable[str]]) -> dict[int, int]:
        """Split the forward MACs by which choices of trainable parameters leave them frozen.

        A key's bit i stands for the i-th choice; keys of products that every choice reaches (0) are left out.
        """
        masks = [self._bits(names) for names in choices]
        found: dict[int, int] = {}
        for product in self.products:
            reached = product.factors[0] | product.factors[1]
            frozen = sum(1 << i for i, mask in enumerate(masks) if not reached & mask)
            found[frozen] = found.get(frozen, 0) + product.macs
        found.pop(0, None)
        return found

    def _bits(self, names: Iterable[str]) -> int:
        bits = {name: 1 << i for i, name in enumerate(self.parameters)}
        return sum(bits[name] for name in names if name in bits)


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows parameters through operators by the storage that tensors share."""

    def __init__(self, parameters: list[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products: list[Product] = []
        self.first_use: list[int | None] = [None] * len(parameters)
        self._upstream: dict[int, int] = {}
        self._alive: list[Any] = []  # a storage's address is its key, so no storage may be freed during the trace
        self._own = {}
        self._step = 0
        for i, parameter in enumerate(parameters):
            self._own[_storage(parameter)] = i
            self._upstream[_storage(parameter)] = 1 << i

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = _shape_of(func, args, kwargs or {})
        self._step += 1
        inputs = list(_tensors((args, kwargs)))
        mask = 0
        for tensor in inputs:
            mask |= self._read(tensor)
        self._record(func, args, kwargs or {}, result)
        for tensor in _tensors(result):
            key = _storage(tensor)
            self._alive.append(tensor)
            self._upstream[key] = self._upstream.get(key, 0) | mask
        return result

    def _read(self, tensor: Tensor) -> int:
        key = _storage(tensor)
        own = self._own.get(key)
        if own is not None and self.first_use[own] is None:
            self.first_use[own] = self._step
        return self._upstream.get(key, 0)

    def _record(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        packet = func._overloadpacket  # noqa: SLF001 - what FlopCounterMode itself looks up
        if packet in OPERANDS:
            left, right = OPERANDS[packet]
            flops = flop_registry[packet](*args, **kwargs, out_val=result)
            factors = (self._upstream.get(_storage(args[left]), 0), self._upstream.get(_storage(args[right]), 0))
            self.products.append(Product(flops // 2, factors))
        elif _MULTIPLIES.search(packet.__name__) and not _HARMLESS.search(packet.__name__):
            raise BackboneError(
                f"The operator {packet} multiplies matrices, but its compute cannot be counted.",
                "A count that leaves it out would be too low.",
                "Give it a handler in bench.models.trace.OPERANDS.",
            )


def _shape_of(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operator on the meta device: its result's shape is all that there is."""
    packet = func._overloadpacket  # noqa: SLF001 - what FlopCounterMode itself looks up
    if packet in LIKE_INPUT:
        return torch.empty_like(args[0])
    if packet in NORMS:
        return torch.empty_like(args[0], memory_format=torch.contiguous_format), *args[0].new_empty(2, 0)
    return func(*args, **kwargs)


def trace(model: nn.Module, image_size: int, channels: int = 3) -> Trace:
    """Trace `model` (on the meta device, in evaluation mode) on one image of (1, channels, size, size)."""
    parameters = dict(model.named_parameters())
    recorder = _Recorder(list(parameters.values()))
    with torch.no_grad(), _unfused(), recorder:
        output = model(torch.empty(1, channels, image_size, image_size, device="meta"))
    if not isinstance(output, Tensor) or output.ndim != 2:  # noqa: PLR2004 - (N, F)
        shown = f"of shape {tuple(output.shape)}" if isinstance(output, Tensor) else "in several parts"
        raise BackboneError(
            f"The backbone's output is {shown}.", "A head needs one vector per image.", "Take another backbone."
        )
    return Trace(tuple(parameters), tuple(recorder.products), tuple(recorder.first_use), tuple(output.shape))


@contextmanager
def _unfused() -> Iterator[None]:
    """Switch off every fused attention, so that its matrix products are seen one by one."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - identity of a storage; meta storages have no address


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(tuple(value.values()))
