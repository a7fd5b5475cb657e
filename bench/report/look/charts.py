"""A run's charts: how it learned, and how far its confidence can be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.metrics.calibration import Bin
from bench.metrics.ranks import TOP
from bench.records.runs import EpochRecord
from bench.report.look.confidence import STEPS, Sureness
from bench.report.look.diagnosis import Calibration, Diagnosis
from bench.report.plots.charts import Axis, Chart, Panel, Series
from bench.report.run.details import RunDetails
from bench.units import show

_CURVES = (
    ("Accuracy", Axis("Top-1 (%)", percent=True), "top1"),
    ("Top-5 accuracy", Axis("Top-5 (%)", percent=True), "top5"),
    ("Loss", Axis("Cross-entropy (nats)"), "loss"),
)

_LOG_FROM = 30.0
"""A learning rate that spans this factor is drawn on a logarithmic axis."""


def curves_chart(details: RunDetails, subject: str) -> Chart:
    """Show accuracy, loss and learning rate over the epochs, with the epoch that validation chose."""
    epochs, recipe = details.epochs, details.stored.spec_data.get("recipe", {})
    probe = recipe.get("optimizer") == "lbfgs"
    x = Axis("Weight decay of the grid, strongest first" if probe else "Epoch", whole=True)
    best = details.row.best_epoch
    marked = (best, f"best: {best}") if best is not None else None
    numbers = [epoch.epoch for epoch in epochs]
    panels = [
        Panel(title, x, axis, _measured(epochs, numbers, metric), marked)
        for title, axis, metric in _CURVES
        if metric != "top5" or details.row.num_classes > TOP
    ]
    if not probe:
        rates = [epoch.lr for epoch in epochs]
        low, high = min(rates, default=0.0), max(rates, default=0.0)
        y = Axis("At the last step of the epoch", log=0 < low * _LOG_FROM < high, low=None if low > 0 else 0.0)
        panels.append(Panel("Learning rate", x, y, (Series("learning rate", "line", "muted", numbers, rates),)))
    caption = _curves_caption(recipe, probe=probe)
    if any(epoch.test_top1 is not None for epoch in epochs):
        caption += " Test is only reported: validation chose the epoch."
    return Chart("curves", "How it learned", subject, caption, panels)


def calibration_chart(diagnosis: Diagnosis, subject: str, split: str) -> Chart:
    """Show reliability, the confidence of right and wrong predictions, and accuracy at coverage."""
    return Chart(
        "calibration",
        "How far its confidence can be believed",
        subject,
        _calibration_caption(diagnosis, split),
        (_reliability(diagnosis), _sureness(diagnosis), _coverage(diagnosis)),
    )


def _measured(epochs: Sequence[EpochRecord], x: Sequence[float], metric: str) -> list[Series]:
    """Return the lines of a metric; one that no epoch recorded is left out."""
    train = [getattr(epoch, f"train_{metric}") for epoch in epochs]
    test = [getattr(epoch, f"test_{metric}") for epoch in epochs]
    lines = [
        Series("training", "line", "train", x, train),
        Series("validation", "line", "val", x, [getattr(epoch.val, metric) for epoch in epochs]),
        Series("test, reported only", "dashes", "test", x, test),
    ]
    return [line for line in lines if any(value is not None for value in line.y)]


def _curves_caption(recipe: dict[str, object], *, probe: bool) -> str:
    if probe:
        return (
            "Each step is one weight decay, from the strongest to the weakest; both lines are measured after it."
        )
    smoothing = recipe.get("label_smoothing") or 0
    hardened = ["dropout"] * any("dropout" in str(part) for part in _list(recipe.get("head")))
    hardened += ["augmentation"] * bool(recipe.get("augment")) + ["drop path"] * bool(recipe.get("drop_path"))
    hardened += [f"label smoothing {smoothing}"] * bool(smoothing)
    made = f", with {' and '.join(hardened)}" if hardened else ""
    return f"Training is the mean over the epoch while it trains{made}; validation is measured after it, without."


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _reliability(diagnosis: Diagnosis) -> Panel:
    stated, cooled = diagnosis.calibration, diagnosis.cooled
    full = [part for part in stated.bins if part.n]
    width = [0.94 * (part.high - part.low) for part in full]
    x = [(part.low + part.high) / 2 for part in full]
    accuracy, confidence = [part.accuracy for part in full], [part.confidence for part in full]
    series = [
        Series(
            "accuracy", "bars", "model", x, accuracy, width=width,
            lows=[part.accuracy_low for part in full], highs=[part.accuracy_high for part in full],
            texts=[_bin_text(part) for part in full],
        ),
        Series("gap to confidence", "gaps", "gap", x, confidence, width=width, base=accuracy),
    ]  # fmt: skip
    if cooled and diagnosis.temperature is not None:
        after = [part for part in cooled.bins if part.n]
        name = f"at temperature {diagnosis.temperature:.2f}"
        points = [part.confidence for part in after], [part.accuracy for part in after]
        series.append(Series(name, "dashes", "cooled", *points, texts=[_bin_text(part) for part in after]))
    axes = Axis("Confidence (%)", percent=True, low=0, high=1), Axis("Accuracy (%)", percent=True, low=0, high=1)
    strip = Series("images", "bars", "muted", x, [part.n for part in full], width=width)
    return Panel("Reliability", *axes, series, diagonal=True, strip=strip, note=_errors(stated, cooled))


def _errors(stated: Calibration, cooled: Calibration | None) -> str:
    after = f", {show(cooled.ece, 'fraction')} % at that temperature" if cooled else ""
    return f"ECE {show(stated.ece, 'fraction')} %{after}"


def _bin_text(part: Bin) -> str:
    accuracy, confidence = show(part.accuracy, "fraction"), show(part.confidence, "fraction")
    return f"{part.n:,} images: right {accuracy} %, confidence {confidence} %"


def _sureness(diagnosis: Diagnosis) -> Panel:
    places = [(step + 0.5) / STEPS for step in range(STEPS)]
    series = [
        _histogram("right", diagnosis.right, places),
        _histogram("wrong", diagnosis.wrong, places),
    ]
    x = Axis("Confidence (%)", percent=True, low=0, high=1)
    return Panel("When right, when wrong", x, Axis("Images", low=0, whole=True), series)


def _histogram(name: str, part: Sureness, x: Sequence[float]) -> Series:
    title = f"{name}: {part.n:,}, mean {show(part.mean, 'fraction')} %" if part.n else f"{name}: none"
    texts = [f"{count:,} images that were {name}" for count in part.histogram]
    return Series(
        title,
        "steps",
        "right" if name == "right" else "wrong",
        x,
        part.histogram,
        [1 / STEPS] * STEPS,
        texts=texts,
    )


def _coverage(diagnosis: Diagnosis) -> Panel:
    steps = diagnosis.coverage
    texts = [f"where confidence is at least {show(step.confidence, 'fraction')} %" for step in steps]
    series = Series(
        "accuracy",
        "line",
        "model",
        [step.coverage for step in steps],
        [step.accuracy for step in steps],
        texts=texts,
    )
    floor = min((step.accuracy for step in steps), default=0.0)
    y = Axis("Accuracy of those (%)", percent=True, low=max(0.0, math.floor(10 * floor - 0.5) / 10), high=1)
    x = Axis("Answered, surest first (%)", percent=True, low=0, high=1)
    return Panel("If it may stay silent", x, y, (series,))


def _calibration_caption(diagnosis: Diagnosis, split: str) -> str:
    left_out = f" {diagnosis.not_finite:,} more have logits that are not finite." * bool(diagnosis.not_finite)
    finite = diagnosis.n - diagnosis.not_finite
    caption = (
        f"{finite:,} {split} images in {len(diagnosis.calibration.bins)} bins of equal width; whiskers are 95 % "
    )
    caption += "Wilson intervals."
    if diagnosis.temperature is not None:
        own = " (these images, so what it gains here is flattered)" if split == "val" else ""
        caption += f" The temperature {diagnosis.temperature:.2f} was fitted on validation{own}."
    return caption + left_out
