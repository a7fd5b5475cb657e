"""`bench evaluate`: test a saved model again, and compare with its row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.options import AsJson, DataRoot, Db, Device, RegistryFolders
from bench.commands.run_dataset import Where, open_run_dataset
from bench.commands.trained import Weights, check_run
from bench.errors import StoreError

if TYPE_CHECKING:
    from bench.records.predictions import TestPredictions
    from bench.store.artifacts import Artifacts
    from bench.store.store import Store

DIFFERENT = 1
"""The exit code of a model that is not the one of its row."""

Model = Annotated[
    str,
    typer.Argument(
        callback=not_empty,
        metavar="RUN|FILE",
        help="The run's id, or as many of its first digits as tell it apart; or a file of kept weights.",
    ),
]


def evaluate(
    model: Model,
    *,
    db: Db = None,
    dataset: Where = None,
    weights: Weights = None,
    registry: RegistryFolders = None,
    data_root: DataRoot = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Test a saved model on its own test set again, and compare with the row of its run.

    A file is one that a run kept (`--keep-checkpoints`, `bench keep`), wherever it lies now; its row is looked up
    in the database. Exit codes: 0 equal within the tolerance that is printed, 1 not equal, 2 bad input.

    Example: bench evaluate 3fa9c1
    """
    if not Path(model).is_file():
        _check_id(model)
        check_run(db, model)
    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.hardware.device import deterministic, pick
    from bench.inference.evaluating import evaluate as tested
    from bench.inference.trained import load_trained
    from bench.report.export.records import to_json
    from bench.report.terminal.evaluation_view import evaluation_record, evaluation_view
    from bench.store.artifacts import Artifacts
    from bench.store.store import Store

    chosen = pick(device)
    deterministic()
    with Store.open(db, create=False) as store:
        run, file = _named(model, store)
        trained = load_trained(store, run, chosen, weights, file=file)
        kept = _kept(Artifacts.beside(store.location), trained.row.run_id)
    data = open_run_dataset(trained.spec.dataset, dataset, registry, data_root)
    with Counting(terminal.err(), "Images") as bar:
        made = tested(trained, data, kept, chosen, lambda _, done, of: bar(done, of, ""))
    if json:
        terminal.write(to_json(evaluation_record(made)))
    else:
        terminal.out().print(evaluation_view(made, trained.row))
    raise typer.Exit(0 if made.equal else DIFFERENT)


def _kept(artifacts: Artifacts, run_id: str) -> TestPredictions | None:
    """Return the scores that a run kept of its test images; where they are missing or damaged, say so."""
    from bench.commands.display import terminal

    try:
        return artifacts.predictions(run_id).test
    except StoreError as error:
        terminal.err().print(f"note: Only metrics are compared. {error.what} {error.why}", soft_wrap=True)
        return None


def _check_id(model: str) -> None:
    if Path(model).suffix or len(Path(model).parts) > 1:
        raise StoreError(f"There is no file {model}.", "It is no run's id either.", "`bench runs` lists runs.")


def _named(model: str, store: Store) -> tuple[str, Path | None]:
    """Return the run that is meant and, if a file was named, that file. Raises StoreError for an unknown run."""
    path = Path(model)
    if not path.is_file():
        return model, None
    from bench.inference.kept_weights import run_of

    run_id = run_of(path)
    if not store.statuses([run_id]):
        raise StoreError(
            f"{path.name} is of run {run_id[:12]}, which this database does not have.",
            "Without its row there is nothing to compare with.",
            "Name the database that the run is in: --db FILE.",
        )
    return run_id, path
