"""`bench plan`: what fits a budget, before anything is downloaded."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o

Rejected = Annotated[bool, typer.Option("--rejected", help="List what does not fit too, with the reason.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, help="Rows shown; 0 shows all.")]


def plan(
    dataset: o.Dataset, budget: o.Budget = None, backbones: o.Backbones = None, strategies: o.Strategies = None,
    target: o.Target = None, groups: o.Groups = None, layout: o.Layout = None, lists: o.Lists = None,
    subset: o.Subset = None, recipe: o.Recipe = None,
    overrides: o.Set = None, epochs: o.Epochs = None, image_size: o.ImageSize = None, seeds: o.Seeds = 1,
    everything: o.All = False, rejected: Rejected = False, limit: Limit = 60, registry: o.RegistryFolders = None,
    skip_damaged: o.SkipDamaged = False, drop_duplicates: o.DropDuplicates = False,
    data_root: o.DataRoot = None, device: o.Device = "auto", backend: o.Backend = "eager",
    json: o.AsJson = False,
) -> None:  # fmt: skip
    """Show every backbone x strategy that fits a budget, its parameters and compute, and a forecast.

    Nothing is downloaded and no image is read: models are counted on the meta device.

    Example: bench plan --dataset cub --budget "total<=10M,gmacs<=0.5" --rejected
    """
    from bench.commands.backend import backend_asked, foreseen
    from bench.commands.display import terminal
    from bench.commands.planning import Counting
    from bench.data.datasets import is_here, known_header
    from bench.plan.request import Asked, dataset_spec, plan_for
    from bench.report.terminal.plan_list import plan_json, plan_view

    computing = backend_asked(backend)
    known = o.open_registry(registry)
    found = o.find_dataset(known, dataset, groups, layout=layout, lists=lists)
    asked = Asked(
        target, budget, o.split_list(backbones), o.split_list(strategies), o.split_list(recipe), overrides or [],
        epochs, image_size, seeds, everything, groups=groups or [], subset=subset,
        layout=layout, lists=lists or [], skip_damaged=skip_damaged, drop_duplicates=drop_duplicates,
    )  # fmt: skip
    entry = asked.without_faults(found)
    header = known_header(entry, data_root)
    with Counting(terminal.err()) as progress:
        made = plan_for(known, entry, dataset_spec(entry, target, header, subset), asked, progress, header=header)
    runs, forecast = foreseen(made, entry, header, device, computing)
    if json:
        terminal.write(plan_json(made, runs, forecast))
    else:
        terminal.out().print(
            plan_view(made, runs, forecast, rejected=rejected, limit=limit, here=is_here(entry, data_root))
        )
