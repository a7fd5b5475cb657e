"""`bench cache`: what is kept of frozen passes and of images, and freeing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.disk.cached import Listed
    from bench.errors import StoreError

app = typer.Typer(
    name="cache",
    help="Kept activations and prepared images: list, free.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Keys = Annotated[
    list[str] | None, typer.Argument(callback=not_empty, help="Entries, by the first digits of their key.")
]
Everything = Annotated[bool, typer.Option("--all", help="Every entry.")]
Backbone = Annotated[
    str | None, typer.Option(callback=not_empty, help="Only of backbones of this name; * and ? are wildcards.")
]
Dataset = Annotated[str | None, typer.Option(callback=not_empty, help="Only of this dataset.")]


@app.command("list")
def list_entries(backbone: Backbone = None, dataset: Dataset = None, json: AsJson = False) -> None:
    """List what is kept, the entry used last first.

    Example: bench cache list --dataset cub
    """
    from dataclasses import asdict

    from bench.commands.display import terminal
    from bench.disk.cached import select
    from bench.disk.home import bench_home
    from bench.report.terminal.cache_list import cache_json, cache_view

    kept = [entry for entries, _ in _kept() for entry in entries]
    kept.sort(key=lambda entry: -entry.used_at)
    entries = [asdict(entry) for entry in select(kept, backbone=backbone, dataset=dataset)]
    if json:
        terminal.write(cache_json(entries))
    else:
        terminal.out().print(cache_view(entries, str(bench_home())))


@app.command("clear")
def clear(
    keys: Keys = None, everything: Everything = False, backbone: Backbone = None, dataset: Dataset = None
) -> None:
    """Free what is kept: named entries, those of a backbone or dataset, or all; it is computed again when needed.

    Example: bench cache clear --dataset digits
    """
    from bench.commands.display import terminal
    from bench.disk.cached import select
    from bench.errors import BenchError

    if not (keys or everything or backbone or dataset):
        raise BenchError("Nothing was named.", "This frees entries for good.", "Name keys, --dataset, or --all.")
    named = [
        (entry, remove)
        for entries, remove in _kept()
        for entry in select(entries, backbone=backbone, dataset=dataset, keys=keys)
        if entry.state != "being written"
    ]
    if not named:
        terminal.say("note: Nothing that is kept matches; `bench cache list` shows all.")
    freed, refused = _freed(named)
    terminal.write(f"{_entries(freed)} freed, {sum(entry.bytes for entry in freed) / 1e6:,.1f} MB.")
    if refused:
        why = refused[0]
        raise BenchError(f"{_entries(refused)} could not be freed.", f"{why.what} {why.why}", why.todo)


def _freed(named: Sequence[tuple[Listed, Callable[[str], None]]]) -> tuple[list[Listed], list[StoreError]]:
    """Free entries; returns those that are, and why the others are not."""
    from bench.errors import StoreError

    freed: list[Listed] = []
    refused: list[StoreError] = []
    for entry, remove in named:
        try:
            remove(entry.key)
            freed.append(entry)
        except StoreError as error:
            refused.append(error)
    return freed, refused


def _entries(some: Sequence[object]) -> str:
    return f"{len(some)} {'entry' if len(some) == 1 else 'entries'}"


def _kept() -> list[tuple[list[Listed], Callable[[str], None]]]:
    """List what frozen passes have kept, and prepared images, each with what frees an entry by its key."""
    from bench.data.images import prepared_files
    from bench.train.frozen.cache import FeatureCache

    cache = FeatureCache()
    return [(cache.list(), cache.remove), (prepared_files.prepared_files(), prepared_files.remove)]
