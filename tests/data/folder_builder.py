"""Builds a folder of tiny images and lists from a short text: a path a line, `a|b` for either, `#3` for 0 to 2."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.suffixes import IMAGE_SUFFIXES


def paths(line: str) -> list[str]:
    """Expand `train|test/cat|dog/#2.jpg` to the eight paths."""
    parts = [part.split("|") for part in line.strip().split("/")]
    expanded = ["/".join(chosen) for chosen in itertools.product(*parts)]
    return [path for one in expanded for path in _numbered(one)]


def build(root: Path, text: str, lists: dict[str, str] | None = None) -> Path:
    """Write the images that the lines name, any other file empty, and the lists; return the root."""
    for number, path in enumerate(path for line in text.splitlines() if line.strip() for path in paths(line)):
        file = root / path
        if path.endswith("/"):
            file.mkdir(parents=True, exist_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_image(number) if path.lower().endswith((*IMAGE_SUFFIXES, ".heic")) else b"x")
    for path, content in (lists or {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    return root


def _numbered(path: str) -> list[str]:
    if (count := re.search(r"#(\d+)", path)) is None:
        return [path]
    return [path.replace(count.group(), str(number)) for number in range(int(count.group(1)))]


def _image(seed: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()
