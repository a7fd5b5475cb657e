"""The class and the split of each image, as the folder's levels give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bench.data.checks.check import OfficialSplit
from bench.errors import DataError

SHOWN = 5


@dataclass(frozen=True)
class Understood:
    """The class of each image by its folders, and its split if folders name splits (else `splits` is empty).

    `layout` names the levels; `remarks` are sentences on images that are left out. Images in neither mapping are.
    """

    layout: str
    labels: Mapping[str, str]
    splits: Mapping[str, OfficialSplit] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def folders_of(name: str) -> tuple[str, ...]:
    """Return the folders that a path leads through."""
    return tuple(name.split("/")[:-1])


def shown(names: Collection[str]) -> str:
    """Join the first few names, sorted."""
    some = sorted(names)
    return ", ".join(some[:SHOWN]) + (", ..." if len(some) > SHOWN else "")


def left_out(number: int, what: str, first: str = "") -> str:
    """Return `2 images WHAT are left out, as FIRST`; one image is left out."""
    noun, verb = ("image", "is") if number == 1 else ("images", "are")
    return f"{number:,} {noun} {what} {verb} left out{f', as {first}' if first else ''}."


def option(layout: str, classes: Collection[str]) -> str:
    """Return a layout as it is typed, with the classes that it would give."""
    quoted = f"'{layout}'" if "*" in layout else layout
    return f"--layout {quoted} ({len(classes):,} classes: {shown(classes)})"


def unclear(what: str, why: str, options: Sequence[str]) -> DataError:
    """Make the error for levels whose meaning is not sure; each option is a `--layout` and what it comes to."""
    return DataError(what, why, f"Say which levels it has: {', or '.join(options)}.")
