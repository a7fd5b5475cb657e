"""What a study makes of its finished runs, one step each: its ensemble, and its transfer to another dataset.

What cannot be made is said on stderr with why: the runs themselves are done all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from bench.commands.display import terminal
from bench.commands.display.counting import Counting
from bench.data.datasets import open_dataset
from bench.ensembles.candidates import named
from bench.ensembles.making import Wanted, make
from bench.environment import command_line
from bench.errors import BenchError
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.report.board.groups import ranks
from bench.report.study.records import members_by_seed
from bench.report.study.reproduced import EXACT, Attempted
from bench.store.artifacts import Artifacts
from bench.store.store import Store
from bench.transfer.answer import Question, Transferring
from bench.transfer.label_map import find_map, read_map


@dataclass(frozen=True)
class Makers:
    """What the steps need: where runs are kept, what is known by name, where data lies, what computes."""

    store: Store
    registry: Registry
    data_root: Path | None
    device: torch.device

    def make(self, one: Attempted) -> None:
        """Make every part of a study whose runs are done; what was made before is looked up."""
        self._ensembles(one)
        if one.kind == EXACT:  # the classes of a stand-in are not those of the label map
            self._transfers(one)

    def _ensembles(self, one: Attempted) -> None:
        """Make and record the ensemble for each seed whose members are all done; no run is run again."""
        ensemble, artifacts = one.study.ensemble, Artifacts.of(self.store)
        if ensemble is None:
            return
        for seed, run_ids in members_by_seed(ensemble, one.rows).items():
            with _said(f"No ensemble of seed {seed}"):
                candidates = named(self.store, artifacts, run_ids)
                wanted = Wanted(ensemble.rule, command=command_line())
                self.store.ensembles.add(make(candidates, artifacts, wanted))

    def _transfers(self, one: Attempted) -> None:
        """Evaluate the run on the other dataset, through the map as its source prints it."""
        transfer = one.study.transfer
        done = [row for row in one.rows.get(transfer.run, ()) if ranks(row)] if transfer else []
        if transfer is None or not done:
            return
        with _said(f"No transfer to {transfer.dataset}"), Counting(terminal.err(), "Images") as bar:
            path = find_map(transfer.label_map, self.registry.folders)
            there = open_dataset(self.registry.get(DatasetEntry, transfer.dataset), data_root=self.data_root)
            own = open_dataset(self.registry.get(DatasetEntry, one.study.dataset), data_root=self.data_root)
            for row in done:
                asked = Question(
                    row.run_id, there, read_map(path), map_name=path.stem, split=transfer.split,
                    training=own.manifest,
                )  # fmt: skip
                Transferring(self.store, asked, self.device, lambda _, n, of: bar(n, of, "")).answer()


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Say why a part is not made, and go on."""
    try:
        yield
    except BenchError as error:
        terminal.err().print(f"note: {what}: {error.what} {error.why} {error.todo}".strip())
