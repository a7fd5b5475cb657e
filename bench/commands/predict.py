"""`bench predict`: what a trained model says about images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.given import not_empty
from bench.commands.options import AsJson, Db, Device
from bench.commands.trained import Run, Weights

Images = Annotated[
    list[str], typer.Argument(callback=not_empty, help="Image files, or folders of them.", metavar="IMAGE...")
]
Picture = Annotated[Path | None, typer.Option("--picture", help="Write a PNG of the images beside their classes.")]


def predict(
    run: Run,
    images: Images,
    *,
    top: Annotated[int, typer.Option("--top", min=1, help="Classes to name for each image.")] = 5,
    picture: Picture = None,
    json: AsJson = False,
    db: Db = None,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Name the most probable classes of images by a run's trained model, with their softmax probabilities.

    An image goes the way that the run's test images went: scaled and cut as they were, and turned as its EXIF
    orientation asks, unless the run ignores that. The dataset is not needed.

    Example: bench predict 3fa9c1 bird.jpg holiday/ --picture birds.png
    """
    from bench.commands.trained import bring_back, check_run, title_of
    from bench.data.images.image_files import find_images

    check_run(db, run)
    files = find_images(images)
    from bench.commands.display import terminal
    from bench.hardware.device import pick
    from bench.inference.predicting import predict as predicted_by
    from bench.report.export.records import to_json
    from bench.report.terminal.prediction_list import prediction_records, predictions_view

    if picture:
        from bench.report.look.prediction_picture import MOST, draw_predictions
        from bench.report.plots.pictures import check_png

        check_png(picture)
    chosen = pick(device)
    trained = bring_back(db, run, weights, chosen)
    predicted = list(predicted_by(trained, files, chosen, top=top, drawn=MOST if picture else 0))
    if picture:
        draw_predictions(predicted[:MOST], title_of(trained), picture)
        more = f" (the first {MOST} of {len(predicted)} images)" if len(predicted) > MOST else ""
        terminal.err().print(f"{picture}{more}", soft_wrap=True)
    if json:
        terminal.write(to_json(prediction_records(trained.row.run_id, predicted)))
    else:
        terminal.out().print(predictions_view(predicted))
