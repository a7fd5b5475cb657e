"""`bench sweep`: plan, train, evaluate and record."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.early import announce, check_words
from bench.commands.filters import Db
from bench.commands.limits import parse_bytes, parse_duration, parse_retry, reads

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and the forecast, and stop.")]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="Only the first so many runs, cheapest first.")
]
TimeLimit = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        callback=reads(parse_duration),
        help="Stop after 90s, 30m or 2h; the same command goes on later.",
    ),
]
Keep = Annotated[
    bool | None,
    typer.Option(
        "--keep-checkpoints/--no-keep-checkpoints",
        help="Keep what each run trained, beside the database; without either, what takes at most 16 MiB.",
        show_default=False,
    ),
]
Download = Annotated[bool, typer.Option("--download/--no-download", help="Fetch the dataset if it is not here.")]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", help="End hopeless runs early: after 1/3, 1/9, ... of its epochs only the best third goes on."
    ),
]
CacheBudget = Annotated[
    str,
    typer.Option(
        "--cache-budget",
        callback=reads(parse_bytes),
        help="Disk for kept activations in all: 20GB, 500MB; 0 keeps nothing.",
    ),
]
Retry = Annotated[
    str,
    typer.Option(
        "--retry",
        callback=reads(parse_retry),
        help="Which runs that ended badly are tried again: failed, diverged, failed,diverged or none.",
    ),
]
Workers = Annotated[int | None, typer.Option("--workers", min=0, max=256, help="Processes that load images.")]


def sweep(
    dataset: o.Dataset, budget: o.Budget = None, backbones: o.Backbones = None, strategies: o.Strategies = None,
    target: o.Target = None, groups: o.Groups = None, layout: o.Layout = None, lists: o.Lists = None,
    subset: o.Subset = None, recipe: o.Recipe = None,
    overrides: o.Set = None, epochs: o.Epochs = None, image_size: o.ImageSize = None, seeds: o.Seeds = 1,
    everything: o.All = False, limit: Limit = None, time_limit: TimeLimit = None, prune: Prune = False,
    dry_run: DryRun = False, keep: Keep = None, workers: Workers = None, cache_budget: CacheBudget = "20GB",
    cache_dtype: o.CacheDtype = "fp32", backend: o.Backend = "eager", db: Db = None,
    skip_damaged: o.SkipDamaged = False, drop_duplicates: o.DropDuplicates = False,
    registry: o.RegistryFolders = None, data_root: o.DataRoot = None, download: Download = True,
    device: o.Device = "auto", retry: Retry = "failed",
) -> None:  # fmt: skip
    """Train every backbone x strategy that fits a budget, cheapest first, and record what was measured.

    Without --backbones about eight from different families are taken. What is done already is skipped; Ctrl-C
    leaves the current run resumable, and the same command goes on with it. With --prune validation decides early
    who goes on (successive halving); a pruned run never ranks, and a sweep without --prune goes on with it. Exit
    codes: 0 all done or pruned, 2 bad input, 3 some runs failed or are running elsewhere, 130 interrupted or
    out of time, 143 terminated.

    Example: bench sweep --dataset cub --budget 10M --seeds 3
    """
    from bench.plan.request import Asked

    asked = Asked(
        target, budget, o.split_list(backbones), o.split_list(strategies), o.split_list(recipe), overrides or [],
        epochs, image_size, seeds, everything, kept=cache_dtype, groups=groups or [], subset=subset,
        skip_damaged=skip_damaged, drop_duplicates=drop_duplicates,
        layout=layout, lists=lists or [],
    )  # fmt: skip
    check_words(asked, dataset, registry, data_root)
    announce()
    from bench.commands.sweeping import Options, run_sweep  # torch, after what can be said without it

    options = Options(
        dataset, asked, limit, time_limit, prune, dry_run, keep, workers, db, registry or [], data_root, download,
        device, cache_budget, backend, retry,
    )  # fmt: skip
    raise typer.Exit(run_sweep(options))
