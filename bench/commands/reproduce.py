"""`bench reproduce`: run a published study again, and see its figures beside ours."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.early import announce
from bench.commands.filters import Db, one_format
from bench.commands.given import not_empty
from bench.commands.sweep import CacheBudget, Download, DryRun, Keep, Retry, TimeLimit, Workers

Study = Annotated[str, typer.Argument(callback=not_empty, help="A study of `bench studies`.")]
Runs = Annotated[
    list[str] | None,
    typer.Option("--runs", callback=not_empty, help="Only these of its runs, comma-separated or repeated."),
]
On = Annotated[
    str | None,
    typer.Option("--on", callback=not_empty, help="Another dataset in the place of its own, or folder:PATH."),
]
InsteadOf = Annotated[
    list[str] | None,
    typer.Option(
        "--backbone",
        callback=not_empty,
        help="Another backbone in the place of all but the plain CNNs, or OLD=NEW. Repeatable, or a,b.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target", callback=not_empty, help="OLD=NEW: which labels stand in for the study's. Repeatable."
    ),
]
ImageSize = Annotated[int | None, typer.Option("--image-size", min=8, help="Pixels, in the place of its own.")]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Epochs, in the place of its own.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Another value of a recipe key, or of the head's dropout, for all runs: lr=1e-2; lr=1e-3,1e-2 runs "
        "each. Repeatable.",
    ),
]
ReportOnly = Annotated[
    bool, typer.Option("--report-only", help="Run nothing; show the table of every setting that was run.")
]


def reproduce(
    study: Study, runs: Runs = None, on: On = None, layout: o.Layout = None,
    lists: o.Lists = None, backbone: InsteadOf = None, target: Targets = None,
    image_size: ImageSize = None, epochs: Epochs = None, subset: o.Subset = None, overrides: Set = None,
    seeds: o.Seeds = 1, report_only: ReportOnly = False, dry_run: DryRun = False, time_limit: TimeLimit = None,
    keep: Keep = None, workers: Workers = None, cache_budget: CacheBudget = "20GB",
    cache_dtype: o.CacheDtype = "fp32", backend: o.Backend = "eager", db: Db = None,
    registry: o.RegistryFolders = None, skip_damaged: o.SkipDamaged = False,
    drop_duplicates: o.DropDuplicates = False, data_root: o.DataRoot = None, download: Download = True,
    device: o.Device = "auto", json: o.AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table as Markdown.")] = False,
    retry: Retry = "failed",
) -> None:  # fmt: skip
    """Run a published study with its own settings, and print its figures, ours and the difference.

    With --on, --backbone, --image-size, --epochs, --subset or --set the study runs on a stand-in, and every row
    says so. What the source leaves unstated and what is assumed instead stands below the table. --set with several
    values runs each of them, in one table. Runs that are done are not run again; the same command goes on after an
    interruption. Exit codes are those of `bench sweep`.

    Example: bench reproduce cub-10m --runs b0-full,b0-last-block --on cub100 --backbone tf_efficientnet_lite0
    """
    form = one_format(json=json, markdown=markdown)
    from bench.studies.changes import Changes

    changes = Changes(
        on or "", tuple(o.split_list(backbone)), tuple(o.split_list(target)), image_size, epochs, subset or "",
        tuple(overrides or ()), ("damaged",) * skip_damaged + ("duplicates",) * drop_duplicates,
    )  # fmt: skip
    if report_only:
        from bench.commands.display.study_tables import show_stored

        show_stored(o.open_registry(registry), study, changes, db, form)
        return
    from bench.registry.loading import Registry
    from bench.registry.studies import StudyEntry
    from bench.studies.planning import check_words

    known = Registry.load(registry or [])
    check_words(known, known.get(StudyEntry, study), o.split_list(runs), changes)
    announce()
    from bench.commands.reproducing import Options, run_study  # torch, after what can be said without it

    options = Options(
        study, o.split_list(runs), changes, seeds, dry_run, time_limit, keep, workers, cache_budget,
        cache_dtype, backend, db, registry or [], data_root, download, device, form, layout,
        lists or [], retry,
    )  # fmt: skip
    raise typer.Exit(run_study(options))
