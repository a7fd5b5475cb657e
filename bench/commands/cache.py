"""`bench cache`: what is kept of frozen passes, and freeing it."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.filters import AsJson

app = typer.Typer(
    name="cache",
    help="Kept activations of frozen backbones: list them, free them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Keys = Annotated[list[str] | None, typer.Argument(help="Entries, by the first digits of their key.")]
Everything = Annotated[bool, typer.Option("--all", help="Every entry.")]
Backbone = Annotated[str | None, typer.Option(help="Only of backbones of this name; * and ? are wildcards.")]
Dataset = Annotated[str | None, typer.Option(help="Only of this dataset.")]


@app.command("list")
def list_entries(backbone: Backbone = None, dataset: Dataset = None, json: AsJson = False) -> None:
    """List what is kept, the entry used last first.

    Example: bench cache list --dataset cub
    """
    from dataclasses import asdict

    from bench import terminal
    from bench.report.cache_list import cache_json, cache_view
    from bench.train.cache import FeatureCache, select

    cache = FeatureCache()
    entries = [asdict(entry) for entry in select(cache.list(), backbone=backbone, dataset=dataset)]
    if json:
        terminal.write(cache_json(entries))
    else:
        terminal.out().print(cache_view(entries, str(cache.folder)))


@app.command("clear")
def clear(
    keys: Keys = None, everything: Everything = False, backbone: Backbone = None, dataset: Dataset = None
) -> None:
    """Free what is kept: named entries, those of a backbone or dataset, or all; it is computed again when needed.

    Example: bench cache clear --dataset digits
    """
    from bench.errors import BenchError
    from bench.train.cache import FeatureCache, select

    if not (keys or everything or backbone or dataset):
        raise BenchError("Nothing was named.", "This frees entries for good.", "Name keys, --dataset, or --all.")
    cache = FeatureCache()
    entries = select(cache.list(), backbone=backbone, dataset=dataset, keys=keys)
    for entry in entries:
        cache.remove(entry.key)
    noun = "entry" if len(entries) == 1 else "entries"
    typer.echo(f"{len(entries)} {noun} freed, {sum(entry.bytes for entry in entries) / 1e6:,.1f} MB.")
