"""Reads the tensors of a checkpoint file, whatever else a training script put beside them, without running code.

torch's restricted unpickler refuses every class that it does not know: the command-line arguments, configs and
numpy scalars that training scripts save. Nothing of those is needed here, so an inert stand-in takes the place of
each, unless its module could do harm when called; such a file is refused.
"""

from __future__ import annotations

import re
import sys
from _compat_pickle import IMPORT_MAPPING
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bench.errors import WeightsError

AVERAGED = ("ema", "teacher", "momentum", "averaged")
"""Words in a key or prefix that mark averaged weights, which are taken when a file holds both."""

_SKIPPED = re.compile(r"optim|sched|scaler|^amp$|history", re.IGNORECASE)
"""Keys below which tensors are not a model's."""

_DEEPEST = 4
_REFUSED = re.compile(r"(?:Unsupported global: GLOBAL|unsupported GLOBAL) (\S+)")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ATTEMPTS = 64
_LARGEST_TEXT = 1 << 24
_ADVICE = re.compile(
    r"(Weights only load failed\.)? In PyTorch 2\.6, we changed the default.*?trusted source\."
    r"(\s*Please file an issue.*?WeightsUnpickler error:)?\s*",
    re.DOTALL,
)
"""What torch adds to a reason: how to read the file by running its code."""

_FROM_STDLIB = re.compile(
    r"argparse\.Namespace|types\.SimpleNamespace|collections\.(defaultdict|deque)|functools\.partial|copyreg\._reconstructor|"
    r"copy_reg\._reconstructor|(pathlib|pathlib\._local|datetime|decimal|fractions|uuid|enum)\.\w+|"
    r"(builtins|__builtin__)\.(set|frozenset|complex|slice|range|bytearray|object|int|float|bool|str|list|tuple)"
)
_FROM_TORCH = re.compile(
    r"torch\.(nn\.(modules|parameter|utils|functional)|optim|torch_version|distributed|cuda)\.[\w.]+"
)


class Tensors(NamedTuple):
    """Named tensors of a checkpoint, and below which keys they were found (`model`; empty at the top)."""

    where: str
    state: dict[str, Tensor]


class StandIn:
    """Takes the place of a class that only the training script needs; calling it runs nothing."""

    def __new__(cls, *_: object, **__: object) -> OrderedDict[Any, Any]:  # type: ignore[misc] # the only kind that torch fills
        """Return an empty dict, whatever the class would have been called with."""
        return OrderedDict()


class ListStandIn:
    """Takes the place of a class that is filled like a list."""

    def __new__(cls, *_: object, **__: object) -> list[Any]:  # type: ignore[misc] # the only kind that torch fills
        """Return an empty list."""
        return []


class OpaqueStandIn:
    """Takes the place of a class whose state is no dict: random generators, partial functions."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take any arguments, and keep none."""

    def __setstate__(self, _: object) -> None:
        """Take any state, and keep none."""


def read_tensors(path: Path) -> list[Tensors]:
    """Read every set of named tensors in a checkpoint, averaged ones first, then the largest.

    Raises WeightsError where the file cannot be read, asks for code to be run, or holds no named tensors.
    """
    data = _read(path)
    found = list(_named_tensors(data, "", 0))
    if not found:
        raise WeightsError(
            f"The weights file {path} holds no named tensors.",
            f"It holds {_described(data)}.",
            "It must hold a model's state_dict, alone or under a key: torch.save(model.state_dict(), PATH).",
        )
    return sorted(found, key=lambda each: (not is_averaged(each.where), -len(each.state)))


def is_averaged(name: str) -> bool:
    """Whether a key or prefix says that the weights below it are an average over training."""
    words = re.split(r"[._]", name.lower())
    return any(word.startswith(AVERAGED) for word in words)


def _read(path: Path) -> Any:
    try:
        if _is_safetensors(path):
            from safetensors.torch import load_file  # noqa: PLC0415 - only for such files

            return load_file(path)
        return _unpickled(path)
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(
            f"The weights file {path} cannot be read.",
            _kind_of_text(path) or f"{type(error).__name__}: {plain_reason(error)}",
            "It must be a .safetensors file, or what torch.save(model.state_dict(), PATH) writes.",
        ) from error


def plain_reason(error: Exception) -> str:
    """Return an error's first paragraph on one line, without escape codes and without torch's advice."""
    text = _ADVICE.sub("", _ESCAPES.sub("", str(error))).strip()
    return " ".join(text.split("\n\n")[0].split()) or "no reason given"


def _kind_of_text(path: Path) -> str:
    """Describe a text file that was given as weights; return an empty string for other files."""
    start = path.read_bytes()[:64].lstrip() if path.stat().st_size < _LARGEST_TEXT else b""
    if start.startswith(b"version https://git-lfs"):
        return "It is a pointer of Git LFS; git lfs pull fetches the file itself."
    return "It is a web page, or other text in angle brackets." if start.startswith(b"<") else ""


def _is_safetensors(path: Path) -> bool:
    """Whether a file is one by its first bytes: the length of a JSON header, then the header."""
    with path.open("rb") as file:
        start = file.read(9)
    return path.suffix == ".safetensors" or start[8:] == b"{"


def _unpickled(path: Path) -> Any:
    allowed = {name: value for value, name in _of_numpy()}
    try:
        unknown = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except ValueError:  # written by torch before 1.6
        unknown = []
    for _ in range(_ATTEMPTS):
        for name in unknown:
            allowed.setdefault(name, _stand_in(name, path))
        with torch.serialization.safe_globals([(value, name) for name, value in allowed.items()]):
            try:
                return torch.load(path, map_location="cpu", weights_only=True)
            except Exception as error:
                named = _REFUSED.search(str(error))
                if named is None or named[1] in allowed:
                    raise
                unknown = [named[1] if "." in named[1] else f"builtins.{named[1]}"]
    raise WeightsError(
        f"The weights file {path} cannot be read.",
        f"It names more than {_ATTEMPTS} classes that are no part of torch.",
        "Save the model's state_dict alone: torch.save(model.state_dict(), PATH).",
    )


def _stand_in(name: str, path: Path) -> type[StandIn | ListStandIn | OpaqueStandIn]:
    """Return what takes the place of a class in a checkpoint; WeightsError if its module could do harm."""
    module = name.partition(".")[0]
    module = IMPORT_MAPPING.get(module, module)  # pickles use the names of Python 2
    known = _FROM_STDLIB if module.partition(".")[0] in sys.stdlib_module_names else None
    known = _FROM_TORCH if module == "torch" else known
    if known is not None and not known.fullmatch(name):
        raise WeightsError(
            f"The weights file {path} is refused.",
            f"Reading it would call {name}, which no weights need; nothing of it was run.",
            "Get the weights from a source that you trust, as .safetensors.",
        )
    if name == "collections.deque":
        return ListStandIn
    return OpaqueStandIn if name == "functools.partial" or name.startswith("numpy.random.") else StandIn


def _of_numpy() -> list[tuple[Any, str]]:
    """List what numpy's scalars and arrays are pickled with, under the names of numpy 1 and 2."""
    core = import_module("numpy._core.multiarray")
    parts = [(core.scalar, "scalar"), (core._reconstruct, "_reconstruct")]  # noqa: SLF001 - pickles name it
    named = [(part, f"numpy.{base}.multiarray.{name}") for part, name in parts for base in ("core", "_core")]
    dtypes = [(kind, f"numpy.dtypes.{name}") for name in np.dtypes.__all__ if (kind := getattr(np.dtypes, name))]
    return [*named, *dtypes, (np.dtype, "numpy.dtype"), (np.ndarray, "numpy.ndarray")]


def _named_tensors(data: Any, where: str, depth: int) -> Iterator[Tensors]:
    if state := _of_module(data):
        yield Tensors(where, state)
        return
    if not isinstance(data, Mapping) or depth > _DEEPEST:
        return
    if state := {str(name): value for name, value in data.items() if isinstance(value, Tensor)}:
        yield Tensors(where, state)
    for name, inner in data.items():
        if isinstance(inner, Mapping) and not _SKIPPED.search(str(name)):
            yield from _named_tensors(inner, f"{where}.{name}" if where else str(name), depth + 1)


def _of_module(data: Any, prefix: str = "") -> dict[str, Tensor]:
    """Return the tensors of a module that was pickled as a whole, by their names; empty for anything else."""
    parts = getattr(data, "__dict__", {})
    if not isinstance(parts.get("_modules"), Mapping) or not isinstance(parts.get("_parameters"), Mapping):
        return {}
    fleeting = parts.get("_non_persistent_buffers_set") or ()
    own = {**parts["_parameters"], **(parts.get("_buffers") or {})}
    state = {f"{prefix}{n}": t for n, t in own.items() if isinstance(t, Tensor) and n not in fleeting}
    for name, inner in parts["_modules"].items():
        state |= _of_module(inner, f"{prefix}{name}.")
    return state


def _described(data: Any) -> str:
    if isinstance(data, Mapping):
        names = [str(name) for name in data]
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""  # noqa: PLR2004 - as many as are shown
        return f"a dict with the keys {', '.join(names[:12])}{more}" if names else "an empty dict"
    return f"a {type(data).__name__}"
