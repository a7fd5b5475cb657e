"""Gives the tensors of a checkpoint the names of the model that they are for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from bench.errors import first_names
from bench.models.checkpoint_file import is_averaged

AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
"""Torchvision's auxiliary classifiers, which are not built."""

COUNTER = "num_batches_tracked"
"""A batch norm's counter: not in old checkpoints, and without effect where momentum is a number."""

_PROFILED = ("total_ops", "total_params")
"""Buffers that profilers leave in every module."""

_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d\.)")


@dataclass(frozen=True)
class Match:
    """A whole state for the model, and what of the checkpoint is not in it, below which prefix of names."""

    state: dict[str, Tensor]
    left_out: tuple[str, ...] = ()
    prefix: str = ""
    others: tuple[str, ...] = ()


def renewed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state with the names that torchvision's DenseNets had before 0.2 as they are today."""
    return {_OLD_DENSENET.sub(r"\1\2", name): tensor for name, tensor in state.items()}


def match_state(
    state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], optional: Iterable[str] = ()
) -> dict[str, Tensor] | None:
    """Give a checkpoint's tensors the names of a model's state (`wanted`), every one of them; shapes must agree.

    They match by name; where no name agrees, by order, if each pair ends in the same word (`weight`,
    `running_mean`). `optional` names may be in the checkpoint and are left out. Returns a whole state for the
    model, or None where the checkpoint does not fit.
    """
    state = {n: t for n, t in state.items() if n not in optional and not n.startswith(AUXILIARY)}
    for have, places in ((state, dict(wanted)), (_essential(state), _essential(wanted))):
        if not have.keys() & places.keys() and _pair_up(have, places):
            have = dict(zip(places, have.values(), strict=True))  # noqa: PLW2901 - the same tensors, renamed
        if have.keys() == places.keys() and _same_shapes(have, places):
            return {**wanted, **have}
    return None


def match_backbone(
    state: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    classifier: Collection[str],
    buffers: Collection[str],
) -> Match | None:
    """Find a backbone's state (`wanted`) in one's own checkpoint, below any prefix; None if it is not there.

    Every tensor of the backbone must be there in its shape. What lies elsewhere in the checkpoint is left out: any
    classifier (`classifier` are the names of the library's own), a loss, a projection, `buffers` that the model
    makes itself. A layer more of a part that the backbone has is another architecture, and no match.
    """
    places = _essential(wanted)
    prefixes = _prefixes(state, places)
    for prefix in prefixes:
        have = {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}
        left = [name for name in have if name not in wanted and name not in classifier]
        if _same_shapes(have, places) and not _another(left, places, classifier, buffers):
            used = {name: have[name] for name in wanted if name in have}
            outside = [name for name in state if not name.startswith(prefix)]
            words = [name for name in left if not _unremarkable(name, buffers)]
            others = tuple(p for p in prefixes if p != prefix)
            return Match({**wanted, **used}, (*words, *outside), prefix, others)
    return None


def differences(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """Describe where a checkpoint and a model's state differ, by their first three names each."""
    state, wanted = _essential(state), _essential(wanted)
    missing, extra = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    shapes = sorted(n for n in state.keys() & wanted.keys() if state[n].shape != wanted[n].shape)
    kinds = {"missing": missing, "not expected": extra, "of another shape": shapes}
    return "; ".join(f"{kind}: {first_names(names)}" for kind, names in kinds.items() if names)


def no_floats(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    """List the tensors that hold quantized, complex or no values where the model has floats."""
    return [name for name, place in wanted.items() if name in state and _no_floats(state[name], place)]


def common_prefix(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """Return the prefix below which most of a model's names are found in a checkpoint."""
    counted = _count_prefixes(state, wanted)
    return max(counted, key=lambda prefix: (counted[prefix], -len(prefix)), default="")


def not_finite(state: Mapping[str, Tensor]) -> list[str]:
    """List the tensors that hold NaN or an infinity."""
    return [name for name, t in state.items() if t.is_floating_point() and not t.isfinite().all()]


def _essential(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith(COUNTER)}


def _same_shapes(have: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> bool:
    return all(
        name in have and have[name].shape == place.shape and not _no_floats(have[name], place)
        for name, place in places.items()
    )


def _no_floats(tensor: Tensor, place: Tensor) -> bool:
    """Whether a tensor is none of floats, where floats belong: copied, integers would lose their scale."""
    return place.is_floating_point() and (not tensor.is_floating_point() or tensor.is_meta)


def _pair_up(have: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> bool:
    """Whether two states of unlike names are equally long, and each pair in their order ends in the same word."""
    pairs = zip(have, places, strict=False)
    return len(have) == len(places) and all(_last(one) == _last(other) for one, other in pairs)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _count_prefixes(state: Iterable[str], places: Mapping[str, Tensor]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for name in state:
        starts = [0, *(i + 1 for i, letter in enumerate(name) if letter == ".")]
        counted.update(name[:start] for start in starts if name[start:] in places)
    return counted


def _prefixes(state: Iterable[str], places: Mapping[str, Tensor]) -> list[str]:
    """List the prefixes below which every name of a model is found: averaged weights first, then the shortest."""
    complete = [prefix for prefix, count in _count_prefixes(state, places).items() if count == len(places)]
    return sorted(complete, key=lambda prefix: (not is_averaged(prefix), len(prefix)))


def _another(
    left: Iterable[str], places: Iterable[str], classifier: Iterable[str], buffers: Collection[str]
) -> bool:
    """Whether what is left over belongs to a part that the backbone has: then it is a larger architecture."""
    own = {_first(name) for name in places} - {_first(name) for name in classifier}
    return any(_first(name) in own and not _unremarkable(name, buffers) for name in left)


def _unremarkable(name: str, buffers: Collection[str]) -> bool:
    return name in buffers or _last(name) in (COUNTER, *_PROFILED) or name.startswith(AUXILIARY)


def _first(name: str) -> str:
    return name.partition(".")[0]
