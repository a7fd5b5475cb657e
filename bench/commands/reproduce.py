"""`bench reproduce`: run a published study again, and see its figures beside ours."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands import options as o
from bench.commands.display.early import announce
from bench.commands.expand import takes
from bench.commands.filters import one_format
from bench.commands.given import listed, not_empty
from bench.commands.sweep import DryRun
from bench.studies.options import StudyOptions
from bench.sweep.options import TrainOptions

Study = Annotated[str, typer.Argument(callback=not_empty, help="A study of `bench studies`.")]
Runs = Annotated[
    list[str] | None,
    typer.Option("--runs", callback=listed, help="Only these of its runs, comma-separated or repeated."),
]
On = Annotated[
    str | None,
    typer.Option("--on", callback=not_empty, help="Another dataset in the place of its own, or folder:PATH."),
]
InsteadOf = Annotated[
    list[str] | None,
    typer.Option(
        "--backbone",
        callback=listed,
        help="Another backbone in the place of all but the plain CNNs, or OLD=NEW. Repeatable, or a,b.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", callback=listed, help="OLD=NEW: which labels stand in for the study's. Repeatable."),
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


Markdown = Annotated[bool, typer.Option("--markdown", help="The table as Markdown.")]

_OWN = {
    "runs": Runs,
    "dataset": On,
    "backbones": InsteadOf,
    "targets": Targets,
    "image_size": ImageSize,
    "epochs": Epochs,
    "settings": Set,
}


@takes(_OWN, asked=StudyOptions, options=TrainOptions)
def reproduce(
    study: Study,
    *,
    asked: StudyOptions,
    report_only: ReportOnly = False,
    dry_run: DryRun = False,
    options: TrainOptions,
    json: o.AsJson = False,
    markdown: Markdown = False,
) -> None:
    """Run a published study with its own settings, and print its figures, ours and the difference.

    With --on, --backbone, --image-size, --epochs, --subset or --set the study runs on a stand-in, and every row
    says so. What the source leaves unstated and what is assumed instead stands below the table. --set with several
    values runs each of them, in one table. Runs that are done are not run again; the same command goes on after an
    interruption. Exit codes are those of `bench sweep`.

    Example: bench reproduce cub-10m --runs b0-full,b0-last-block --on cub100 --backbone tf_efficientnet_lite0
    """
    form = one_format(json=json, markdown=markdown)
    options.check()
    if report_only:
        from bench.commands.display.study_tables import show_stored

        show_stored(o.open_registry(options.registry), study, asked.changes, options.db, form)
        return
    from bench.registry.loading import Registry
    from bench.registry.studies import StudyEntry
    from bench.studies.planning import check_names

    loaded = Registry.load(options.registry)
    check_names(loaded, loaded.get(StudyEntry, study), asked.runs, asked.changes)
    announce()
    from bench.commands.display.observer import ConsoleObserver
    from bench.commands.reproducing import Reproduction
    from bench.sweep.session import Session

    observer = ConsoleObserver()
    reproduction = Reproduction(study, asked, Session(options, observer, loaded), observer, form)
    if dry_run:
        reproduction.show()
        return
    raise typer.Exit(reproduction.run())
