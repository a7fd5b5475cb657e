"""`bench explain`: Grad-CAM and activation maps of a trained model for an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.options import AsJson, Db, Device
from bench.commands.trained import Run, Weights, check_run
from bench.errors import BenchError, unknown_name

if TYPE_CHECKING:
    from bench.inference.explained import Explained
    from bench.inference.trained import Trained

METHODS = ("grad-cam", "activations")

Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        callback=not_empty,
        help="A layer by its name in the model, as blocks.6.0; default: the last block. Repeatable.",
    ),
]
ClassName = Annotated[
    str | None,
    typer.Option("--class", callback=not_empty, help="Explain this class; default: the predicted one."),
]


def explain(
    run: Run,
    image: Annotated[
        str, typer.Argument(callback=not_empty, help="An image file, or a sample of the run's dataset by its id.")
    ],
    *,
    layer: Layers = None,
    class_name: ClassName = None,
    method: Annotated[str, typer.Option("--method", help="grad-cam or activations.")] = "grad-cam",
    layers: Annotated[bool, typer.Option("--layers", help="List the layers that give maps, and stop.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write PNGs to.")] = Path("reports"),
    json: AsJson = False,
    db: Db = None,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Show where in an image a run's model finds a class, or what its layers respond to, as heat maps over it.

    grad-cam weighs a layer's maps by the gradient of the class's score, and keeps what speaks for the class;
    activations shows the mean of a layer's maps and the channels that respond most. Frozen layers are explained
    as trained ones are.

    Example: bench explain 3fa9c1 bird.jpg --layer blocks.4 --layer blocks.6
    """
    _check(method, class_name)
    check_run(db, run)
    path = _one_image(image, db, run)
    from bench.commands.display import terminal
    from bench.commands.trained import bring_back
    from bench.hardware.device import deterministic, pick
    from bench.inference.explaining import Explaining
    from bench.report.terminal.explanation_list import layers_view

    chosen = pick(device)
    deterministic()
    explaining = Explaining(bring_back(db, run, weights, chosen), path, chosen)
    if layers:
        shapes = {seen.name: seen.shape for seen in explaining.layers.values() if seen.grid is not None}
        terminal.out().print(layers_view(shapes))
        return
    if method == "grad-cam":
        explained = explaining.grad_cam(layer or [], class_name)
    else:
        explained = explaining.activations(layer or [])
    _show(explained, method, explaining.trained, out, json=json)


def _check(method: str, class_name: str | None) -> None:
    if method not in METHODS:
        raise unknown_name("method", method, METHODS, BenchError)
    if class_name and method == "activations":
        raise BenchError(
            "--class does not go with activations.", "They are the same for every class.", "Leave it out."
        )


def _one_image(word: str, db: str | None, run: str) -> Path:
    """Return the one image that a word names: a file, else a sample of the run's dataset by its id."""
    from bench.commands.run_dataset import sample_file
    from bench.data.images.image_files import find_images
    from bench.store.store import Store

    if not Path(word).exists() and "://" not in word:
        with Store.open(db, create=False) as store:
            found = sample_file(store.run(run).spec.dataset, word)
        if found:
            return found
    paths = find_images([word])
    if len(paths) > 1:
        raise BenchError(f"{word} holds {len(paths)} images.", "One is explained at a time.", f"Try {paths[0]}.")
    return paths[0]


def _show(explained: Explained, method: str, trained: Trained, out: Path, *, json: bool) -> None:
    """Write the pictures, and say on stdout where they are."""
    from bench.commands.display import terminal
    from bench.commands.trained import title_of
    from bench.report.export.file_names import file_names
    from bench.report.export.records import to_json
    from bench.report.look.explanation_picture import draw_activations, draw_heat
    from bench.report.terminal.explanation_list import explanation_record

    start = f"{file_names([Path(explained.image).stem])[0]}-{trained.row.run_id[:12]}-{method}"
    if method == "grad-cam":
        files = [out / f"{start}.png"]
        draw_heat(explained, title_of(trained), files[0])
    else:
        files = [out / f"{start}-{layer}.png" for layer in file_names([heat.layer for heat in explained.heats])]
        for heat, file in zip(explained.heats, files, strict=True):
            draw_activations(explained, heat, title_of(trained), file)
    for heat in explained.heats:
        if heat.map.size == 1:
            said = f"note: {heat.layer} is a single cell at this image size, so its map does not say where."
            terminal.err().print(f"{said} --layers lists larger ones.", soft_wrap=True, highlight=False)
    if json:
        terminal.write(to_json(explanation_record(trained.row.run_id, method, explained, files)))
    else:
        terminal.out().print("\n".join(map(str, files)), soft_wrap=True)
