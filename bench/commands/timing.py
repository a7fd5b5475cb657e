"""`bench timing`: how long steps and inference take on this machine, and what became slower."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty
from bench.commands.options import Db

Save = Annotated[
    str | None,
    typer.Option(
        "--save", callback=not_empty, help="Keep what is measured under this name; default: the time of day."
    ),
]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare", callback=not_empty, help="Measure the cases of this timing again, and say what became slower."
    ),
]
With = Annotated[
    str | None, typer.Option("--with", callback=not_empty, help="Compare with this timing, without measuring.")
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=2, max=4096, help="Images of a batch.", show_default="32")
]
ImageSize = Annotated[
    int | None, typer.Option("--image-size", min=8, max=4096, help="Pixels.", show_default="224")
]
Repeats = Annotated[int, typer.Option("--repeats", min=5, help="Rounds; each measures every case once.")]
Threshold = Annotated[
    float, typer.Option("--threshold", min=0.0, help="How much slower is tolerated: 0.1 is 10 %.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Compare different machines, by ratios to the reference only.")
]


def timing(
    backbones: o.Backbones = None,
    strategies: o.Strategies = None,
    image_size: ImageSize = None,
    batch_size: BatchSize = None,
    repeats: Repeats = 15,
    save: Save = None,
    compare: Compare = None,
    with_: With = None,
    threshold: Threshold = 0.10,
    force: Force = False,
    list_: Annotated[bool, typer.Option("--list", help="List what was timed.")] = False,
    db: Db = None,
    registry: o.RegistryFolders = None,
    device: o.Device = "auto",
    json: o.AsJson = False,
) -> None:
    """Time a training step, and inference of one image and of a batch, of each backbone x strategy.

    Weights and images are random: nothing is downloaded, and no cache is used. The cases are measured in turn,
    round by round, each beside a fixed matrix product, so that a busy minute is told from a slow case. What is
    measured is kept in the database; with --compare only if --save names it.

    Without --backbones and --strategies: resnet18 and efficientnet_b0, linear and full. Exit codes: 0, 1 with
    --compare where a case became slower beyond the noise, 2 bad input or another machine's baseline, 4 where none
    did but noise hides whether some became slower by more than --threshold.

    Example: bench timing --backbones resnet18 --strategies linear,full --save before
    """
    from bench.commands.timing_steps import Options, compare_stored, compare_with_now, list_timings, measure_now

    options = Options(
        backbones or [], strategies or [], image_size, batch_size, repeats, save, compare, with_,
        threshold, force, db, registry or [], device, json,
    )  # fmt: skip
    if list_:
        raise typer.Exit(list_timings(options))
    if with_ is not None:
        raise typer.Exit(compare_stored(options))
    raise typer.Exit(measure_now(options) if compare is None else compare_with_now(options))
