"""`bench tune`: search for a good recipe on validation, each trial an ordinary run."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands import sweep as s
from bench.commands.early import announce, check_words
from bench.commands.filters import Db
from bench.commands.given import not_empty
from bench.errors import BenchError

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


def tune(
    dataset: MaybeDataset = None, budget: o.Budget = None, backbones: o.Backbones = None,
    strategies: o.Strategies = None, target: o.Target = None, groups: o.Groups = None,
    layout: o.Layout = None, lists: o.Lists = None, subset: o.Subset = None,
    space: Space = None, trials: Trials = 20, sampler: Sampler = "tpe", metric: Metric = "val_top1",
    seed: Seed = 0, name: Name = None, prune: s.Prune = False, together: Together = 1, recipe: Recipe = "default",
    overrides: Set = None, epochs: o.Epochs = None, image_size: o.ImageSize = None, everything: o.All = False,
    time_limit: s.TimeLimit = None, dry_run: DryRun = False, keep: s.Keep = None, workers: s.Workers = None,
    cache_budget: s.CacheBudget = "20GB", cache_dtype: o.CacheDtype = "fp32", backend: o.Backend = "eager",
    skip_damaged: o.SkipDamaged = False, drop_duplicates: o.DropDuplicates = False,
    db: Db = None, registry: o.RegistryFolders = None, data_root: o.DataRoot = None,
    download: s.Download = True, device: o.Device = "auto", listing: ListThem = False, json: o.AsJson = False,
    retry: s.Retry = "failed",
) -> None:  # fmt: skip
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

        list_studies(db, json=json)
        return
    if dataset is None:
        raise BenchError("No dataset is named.", "A search trains on one.", "Add --dataset NAME, or --list.")
    from bench.plan.request import Asked

    asked = Asked(
        target, budget, o.split_list(backbones), o.split_list(strategies), [recipe], overrides or [], epochs,
        image_size, 1, everything, kept=cache_dtype, groups=groups or [], subset=subset,
        skip_damaged=skip_damaged, drop_duplicates=drop_duplicates,
        layout=layout, lists=lists or [],
    )  # fmt: skip
    check_words(replace(asked, overrides=[]), dataset, registry, data_root)  # a search has keys of its own to set
    announce()
    from bench.commands.tuning import Options, run_tune  # torch, after what can be said without it

    options = Options(
        dataset, asked, space or [], trials, sampler, metric, seed, name, prune, together, time_limit, dry_run,
        keep, workers, db, registry or [], data_root, download, device, cache_budget, backend, json, retry,
    )  # fmt: skip
    raise typer.Exit(run_tune(options))
