"""What is taken instead of a study's own data, backbones and settings; with any of it, a run is a stand-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bench.errors import BenchError, unknown_name
from bench.plan.subsets import parse_subset
from bench.plan.variants import grid, parse_settings
from bench.registry.entries import DatasetEntry
from bench.registry.studies import StudyEntry

PLAIN = "bench/"
"""The library of the plain networks that train from scratch anywhere; one name for all backbones leaves them."""


@dataclass(frozen=True)
class Changes:
    """As typed: `backbones` are NAME or OLD=NEW, `targets` OLD=NEW, `settings` recipe keys as in `--set`.

    `left_out` says which images of the dataset are: `damaged`, `duplicates` or both.
    """

    dataset: str = ""
    backbones: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    image_size: int | None = None
    epochs: int | None = None
    subset: str = ""
    settings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is not the study's own."""
        return bool(self.as_data())

    def as_data(self) -> dict[str, Any]:
        """Return what is changed as plain data; nothing of what is not."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in given.items() if v}

    def without_faults(self, entry: DatasetEntry) -> DatasetEntry:
        """Return the entry of a dataset that leaves out what is to be left out."""
        return entry.leaving_out(damaged="damaged" in self.left_out, duplicates="duplicates" in self.left_out)

    def backbone(self, own: str) -> str:
        """Return what runs in the place of a study's backbone."""
        for text in self.backbones:
            old, new = renamed(text)
            if _means(old, own) or (not old and not own.startswith(PLAIN)):
                return new
        return own

    def variants(self) -> list[dict[str, Any]]:
        """Return every combination of the keys that `settings` gives several values; one empty one without any."""
        return grid({key: given for key, given in parse_settings(self.settings).items() if len(given) > 1})

    def overrides(self, variant: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the recipe keys that are set for all runs, in one of `variants` or else those that they share."""
        shared = {key: given[0] for key, given in parse_settings(self.settings).items() if len(given) == 1}
        told = {"image_size": self.image_size, "epochs": self.epochs}
        return {**shared, **(variant or {}), **{key: value for key, value in told.items() if value is not None}}


def renamed(text: str) -> tuple[str, str]:
    """Read OLD=NEW; a name without `=` (or with weights before it) stands for all, and OLD is then empty."""
    old, equals, new = text.partition("=")
    return (old.strip(), new.strip()) if equals and "@" not in old else ("", text.strip())


def changes_of(study: StudyEntry, changes: Changes) -> Changes:
    """Return what a study is changed by, each change written one way: a dataset that is its own is no change.

    Raises BenchError for an OLD that no run of the study has, and for two names that replace the same.
    """
    known = {name for run in study.run for name in (run.backbone, run.backbone.partition("/")[2])}
    _check_renamings("backbone", changes.backbones, known, study)
    targets = {target for run in study.run for target in run.target.split("+") if target}
    for text in changes.targets:
        if not renamed(text)[0]:
            raise BenchError(
                f"--target {text} names no target of the study.",
                f"{study.name} trains {', '.join(sorted(targets)) or 'only the labels that every dataset has'}.",
                "Write OLD=NEW, as in --target coarse=family.",
            )
    _check_renamings("target", changes.targets, targets, study)
    subset = str(parse_subset(changes.subset or None) or "")
    return replace(changes, dataset="" if changes.dataset == study.dataset else changes.dataset, subset=subset)


def _check_renamings(kind: str, texts: Sequence[str], known: set[str], study: StudyEntry) -> None:
    olds = [renamed(text)[0] for text in texts]
    for old in filter(None, olds):
        if old not in known:
            raise unknown_name(f"{kind} of the study {study.name}", old, known, BenchError)
    twice = next((old for index, old in enumerate(olds) if old in olds[:index]), None)
    if twice is not None:
        raise BenchError(
            f"--{kind} replaces {twice or 'everything'} twice.",
            "Only one can stand in its place.",
            f"Give each --{kind} once.",
        )


def _means(old: str, own: str) -> bool:
    return bool(old) and old in (own, own.partition("/")[2])
