"""Imports torchvision and timm, also next to a CPU-only torch.

torchvision's wheel is built for CUDA; next to a CPU-only torch its C++ operators do not load, and its import
then fails with `operator torchvision::nms does not exist`, because it describes operators that nobody declared.
Declaring the two schemas first is enough: classification uses neither operator.
"""

from __future__ import annotations

import sys

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: list[torch.library.Library] = []  # a library's declarations live as long as the object does


def _import_torchvision() -> None:
    """Import torchvision, declaring its missing operators where its C++ part does not load."""
    try:
        import torchvision  # noqa: F401, PLC0415 - may fail, which is the point
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call] # torch has no hint
        for name, schema in _SCHEMAS.items():
            if not hasattr(torch.ops.torchvision, name):
                library.define(schema)  # type: ignore[no-untyped-call] # the same
        _declared.append(library)


_import_torchvision()

import timm  # noqa: E402 - timm imports torchvision, so torchvision comes first
import torchvision  # noqa: E402

__all__ = ["needed", "timm", "torchvision"]

needed = bool(_declared)
"""Whether importing torchvision, and so timm, fails in this environment without what is done here."""
