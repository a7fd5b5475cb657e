"""The words and the definition of a WordNet id, for the 21,844 ids that timm carries: offline, without torch."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path


def lemmas(wnid: str) -> tuple[str, ...]:
    """Return what a WordNet id is called (`pop bottle`, `soda bottle`); nothing for one that is not known."""
    return tuple(name.strip() for name in _table("lemma").get(wnid, "").split(",") if name.strip())


def definition(wnid: str) -> str:
    """Return what WordNet says of an id (`a bottle for holding soft drinks`); empty for one that is not known."""
    return _table("definition").get(wnid, "")


@cache
def _table(kind: str) -> dict[str, str]:
    found = find_spec("timm")
    if found is None or found.origin is None:
        return {}
    path = Path(found.origin).parent / "data" / "_info" / f"imagenet_synset_to_{kind}.txt"
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if "\t" in line)
