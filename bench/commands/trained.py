"""Options and steps that the commands which bring a trained model back share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.given import not_empty

if TYPE_CHECKING:
    import torch

    from bench.inference.trained import Trained

Run = Annotated[
    str,
    typer.Argument(callback=not_empty, help="The run's id, or as many of its first digits as tell it apart."),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="Where the weights lie that the backbone began with, if a file that was moved since."
    ),
]


def check_run(db: str | None, run: str) -> None:
    """Raise StoreError where a database has no such run, before torch is imported, which takes seconds."""
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        store.run(run)


def bring_back(db: str | None, run: str, weights: Path | None, device: torch.device) -> Trained:
    """Load the model of a run of a database."""
    from bench.inference.trained import load_trained
    from bench.store.store import Store

    with Store.open(db, create=False) as store:
        return load_trained(store, run, device, weights)


def title_of(trained: Trained) -> str:
    """Name a run and its model on one line, above a picture."""
    row = trained.row
    return f"{row.backbone} · {row.strategy} · {row.dataset} · run {row.run_id[:12]}"
