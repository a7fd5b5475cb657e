"""`bench tune`: search for a good recipe on validation, each trial an ordinary run."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.display.early import announce, check_names
from bench.commands.expand import takes
from bench.commands.given import not_empty
from bench.errors import BenchError
from bench.plan.asked import Asked
from bench.sweep.options import TrainOptions
from bench.tune.options import SearchOptions

MaybeDataset = Annotated[
    str | None,
    typer.Option("--dataset", "-d", callback=not_empty, help="A dataset of the registry, or folder:PATH."),
]
Recipe = Annotated[
    str,
    typer.Option("--recipe", callback=not_empty, help="The recipe of the registry that the search begins with."),
]
Set = Annotated[list[str] | None, typer.Option("--set", help="Fix a recipe key: batch_size=32. Repeatable.")]
Space = Annotated[
    list[str] | None,
    typer.Option(
        "--space",
        callback=not_empty,
        help="Search a key: lr=log:1e-4..1e-1, dropout=0..0.5, optimizer=adam,sgd, image_size=160,224, "
        "strategy=linear,full. Repeatable; default: the recipe's own space.",
    ),
]
Trials = Annotated[int, typer.Option("--trials", "-n", min=1, max=100_000, help="Configurations to try in all.")]
Sampler = Annotated[str, typer.Option("--sampler", help="What proposes: tpe, gp or random.")]
Metric = Annotated[
    str, typer.Option("--metric", help="What is optimised: val_top1, val_loss or val_balanced_accuracy.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the proposals; every trial trains with seed 0.")]
Name = Annotated[
    str | None,
    typer.Option("--name", callback=not_empty, help="The study's name; default: made of what is asked."),
]
Together = Annotated[
    int, typer.Option("--together", min=1, max=64, help="Ask for so many trials at once; heads train together.")
]
ListThem = Annotated[bool, typer.Option("--list", help="List the studies of the database, and stop.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the space, and stop.")]


_OWN = {
    "space": Space,
    "trials": Trials,
    "sampler": Sampler,
    "metric": Metric,
    "seed": Seed,
    "name": Name,
    "prune": o.Prune,
    "together": Together,
}


@takes(_OWN, asked=Asked, search=SearchOptions, options=TrainOptions, leave_out={"recipes", "overrides", "seeds"})
def tune(
    dataset: MaybeDataset = None,
    *,
    asked: Asked,
    search: SearchOptions,
    recipe: Recipe = "default",
    overrides: Set = None,
    options: TrainOptions,
    dry_run: DryRun = False,
    listing: ListThem = False,
    json: o.AsJson = False,
) -> None:
    """Search learning rates and whatever else --space names, with optuna, by validation alone.

    Every trial is planned and held against the budget, then trained and recorded as a run of a sweep is. Ctrl-C,
    or a kill, loses nothing: the same command goes on, and two processes may work on one study. `dropout` is the
    rate of the head's dropouts. The result names the best trial, which parameters mattered, and the sweep that
    repeats it with several seeds. Exit codes: 0 all tried, 2 bad input, 3 some runs failed or are running
    elsewhere, 130 interrupted or out of time, 143 terminated.

    Example: bench tune --dataset cub --budget 10M --strategies linear --trials 30
    """
    if listing:
        from bench.commands.tune_list import list_studies

        list_studies(options.db, json=json)
        return
    if dataset is None:
        raise BenchError("No dataset is named.", "A search trains on one.", "Add --dataset NAME, or --list.")
    asked = replace(asked, recipes=[recipe])
    registry = check_names(dataset, asked, options)  # --set is checked by the search, which has keys of its own
    announce()
    from bench.commands.display.observer import ConsoleObserver
    from bench.commands.display.tune_ending import end_search
    from bench.commands.display.tune_progress import ConsoleTuneObserver
    from bench.sweep.session import Session
    from bench.tune.session import Tuning

    observer, shown = ConsoleObserver(), ConsoleTuneObserver()
    tuning = Tuning(
        Session(options, observer, registry), dataset, replace(asked, overrides=overrides or []), search
    )
    if dry_run:
        shown.show_space(tuning.look_up(), search.trials)
        return
    found = tuning.search(shown)
    raise typer.Exit(end_search(found, search.trials, observer.exit_code, json=json))
