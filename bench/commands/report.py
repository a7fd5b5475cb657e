"""`bench report`: a site, or one HTML file, that answers which backbone to take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.filtering import check_filters
from bench.commands.filters import Backbone, Budget, Dataset, Strategy, Target, WithPublished, as_limits
from bench.commands.given import not_empty, readable
from bench.commands.options import DataRoot, Db, RegistryFolders

if TYPE_CHECKING:
    from bench.commands.report_images import ImagesAtHand
    from bench.report.board.query import Query
    from bench.report.site.build import Wanted
    from bench.report.site.material import FindImages
    from bench.store.store import Store

Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        "--output",
        "-o",
        callback=not_empty,
        help="The folder of the site; NAME.html means a single file.",
        show_default="reports/report",
    ),
]
Single = Annotated[bool, typer.Option("--single-file", help="One HTML file, without the pages of runs.")]
WithoutImages = Annotated[bool, typer.Option("--no-images", help="Show no image of a dataset.")]
Pages = Annotated[
    str | None,
    typer.Option(
        "--pages", callback=not_empty, help="How many runs have a page of their own, best first, or all.",
        show_default="60",
    ),
]  # fmt: skip
Watch = Annotated[
    bool, typer.Option("--watch", help="Serve the site on this machine, and follow the database until Ctrl-C.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="With --watch: where to listen; 0 is any.", show_default="8321"),
]
Host = Annotated[
    str | None,
    typer.Option(
        "--host", callback=not_empty, help="With --watch: the address to listen on; 0.0.0.0 lets others read it.",
        show_default="127.0.0.1",
    ),
]  # fmt: skip


def report(
    *,
    db: Db = None,
    output: Out = None,
    single: Single = False,
    title: Annotated[str, typer.Option("--title", callback=readable, help="The report's title.")] = "",
    dataset: Dataset = None,
    target: Target = None,
    budget: Budget = None,
    backbone: Backbone = None,
    strategy: Strategy = None,
    published: WithPublished = False,
    pages: Pages = None,
    no_images: WithoutImages = False,
    watch: Watch = False,
    port: Port = None,
    host: Host = None,
    registry: RegistryFolders = None,
    data_root: DataRoot = None,
) -> None:
    """Write a site that opens offline: the answer, the Pareto plot, the leaderboard, a page for each of the best.

    With --watch it is served on this machine while a sweep runs, and the pages refresh themselves.

    Example: bench report --dataset cub --budget 10M -o reports/cub
    """
    from bench.commands.report_asked import check_asked, page_count, place
    from bench.commands.report_images import ImagesAtHand, NoImages
    from bench.commands.report_watch import serve
    from bench.report.board.query import Query
    from bench.store.store import Store

    where, one_file = place(output, single=single)
    check_asked(one_file=one_file, pages=pages, watch=watch, port=port, host=host)
    most, images = page_count(pages), NoImages() if no_images else ImagesAtHand(registry, data_root)
    query = Query(dataset, target, as_limits(budget, registry), backbone, strategy)
    with Store.open(db, create=False) as store:
        if query.filters:
            check_filters(store.rows(), query, registry)
        wanted = gather(query, title, registry, images, pages=most, published=published)
        if watch:
            serve(store, where, wanted, images, host=host, port=port)
        else:
            _write(store, where, wanted, images, one_file=one_file)


def gather(
    query: Query,
    title: str,
    registry: list[Path] | None,
    images: FindImages,
    *,
    pages: int | None,
    published: bool = False,
) -> Wanted:
    """Gather what a report is made of besides the database."""
    from importlib.metadata import version

    from bench.data.checks.known_checks import known_check
    from bench.environment import command_line
    from bench.inference.class_names import class_names
    from bench.report.board.overlaps import known_overlaps
    from bench.report.board.published import known_published
    from bench.report.site.build import Wanted
    from bench.store.location import without_passwords

    return Wanted(
        find_names=class_names,
        find_images=images,
        title=title,
        query=query,
        overlaps=known_overlaps(registry),
        published=known_published(registry) if published else [],
        pages=pages,
        version=version("backbone-bench"),
        command=without_passwords(command_line()),
        find_check=known_check,
    )


def _write(store: Store, where: Path, wanted: Wanted, images: ImagesAtHand, *, one_file: bool) -> None:
    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.report.build import write_report
    from bench.report.site.build import write_site

    if one_file:
        path = write_report(
            store,
            where,
            title=wanted.title,
            query=wanted.query,
            overlaps=wanted.overlaps,
            published=wanted.published,
            version=wanted.version,
            command=wanted.command,
        )
    else:
        with Counting(terminal.err(), "Writing pages") as bar:
            path = write_site(store, where, wanted, lambda done, total: bar(done, total, ""))
        images.say_missing(terminal.err())
    terminal.out().print(str(path), soft_wrap=True)
