"""`bench keep`: train a finished run once more and keep its weights."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from bench.commands.options import DataRoot, Db, Device, Layout, Lists, RegistryFolders
from bench.commands.run_dataset import Where, open_run_dataset
from bench.commands.trained import Run, Weights, check_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.spec import RunSpec
    from bench.train.hooks import Hooks


def keep(
    run: Run,
    *,
    db: Db = None,
    dataset: Where = None,
    layout: Layout = None,
    lists: Lists = None,
    weights: Weights = None,
    registry: RegistryFolders = None,
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Train a finished run once more and keep what it trained, for predict and explain; its row stays as it is.

    A sweep keeps what takes at most 16 MiB by itself. Nothing is kept where training gives another model than the
    first time, as it may on other hardware.

    Example: bench keep 3fa9c1
    """
    check_run(db, run)
    from bench.commands.display import terminal
    from bench.hardware.device import deterministic, pick
    from bench.inference.trained import begins_at
    from bench.store.artifacts import Artifacts
    from bench.store.finished import finished_spec
    from bench.store.store import Store
    from bench.sweep.keeping import keep as kept_again
    from bench.train.workbench import Workbench

    chosen = pick(device)
    deterministic()
    with Store.open(db, create=False) as store:
        stored, artifacts = store.run(run), Artifacts.of(store)
        spec = finished_spec(stored)
        path = artifacts.model_path(stored.row.run_id)
        if path.exists():
            artifacts.check_weights(stored.row.run_id)
        else:
            data = open_run_dataset(spec.dataset, dataset, registry, data_root, layout=layout, lists=lists)
            spec = begins_at(spec, weights)
            with _training(spec) as hooks:
                kept_again(spec, stored.row.weights_digest, Workbench(chosen, data), artifacts, hooks)
    terminal.out().print(str(path), soft_wrap=True)


@contextmanager
def _training(spec: RunSpec) -> Iterator[Hooks]:
    """Show a progress bar; Ctrl-C ends the command with the exit code of an interruption."""
    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.commands.interrupts import Interrupts
    from bench.train.hooks import Hooks, StoppedError

    with Interrupts() as interrupts, Counting(terminal.err(), f"Training {spec.backbone.name}") as counting:
        hooks = Hooks(lambda done: counting(done.epoch, spec.recipe.epochs, "epochs"), stop=interrupts.wanted)
        try:
            yield hooks
        except StoppedError:
            raise typer.Exit(interrupts.exit_code) from None
