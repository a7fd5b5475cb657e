"""What a study makes of its finished runs, one step each: its ensemble."""

from __future__ import annotations

from bench import terminal
from bench.command_line import command_line
from bench.ensembles.candidates import named
from bench.ensembles.making import Wanted, make
from bench.errors import BenchError
from bench.report.reproduced import Attempted
from bench.report.study_records import members_by_seed
from bench.store.artifacts import Artifacts
from bench.store.store import Store


def make_ensembles(one: Attempted, store: Store) -> None:
    """Make and record the study's ensemble for each seed whose members are all done; no run is run again.

    Why one cannot be made is said on stderr: the runs themselves are done all the same.
    """
    ensemble, artifacts = one.study.ensemble, Artifacts.beside(store.location)
    if ensemble is None:
        return
    for seed, run_ids in members_by_seed(ensemble, one.rows).items():
        try:
            candidates = named(store, artifacts, run_ids)
            store.ensembles.add(make(candidates, artifacts, Wanted(ensemble.rule, command=command_line())))
        except BenchError as error:
            terminal.err().print(f"note: No {ensemble.name} of seed {seed}: {error.what} {error.why}")
