"""A finished run trained once more, for its weights alone: its row and its predictions stay as they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.special import softmax

from bench.errors import BenchError, WeightsError
from bench.spec import RunSpec
from bench.store.artifacts import Artifacts
from bench.sweep.finalize import keep_weights
from bench.train.hooks import Hooks
from bench.train.run import Run
from bench.train.workbench import Workbench

SAME = 0.01
"""Models whose probabilities differ by no more than this on any test image are one model, computed twice."""


def keep(spec: RunSpec, digest: str | None, workbench: Workbench, artifacts: Artifacts, hooks: Hooks) -> Path:
    """Train a run again and keep its weights; `digest` is that of the weights that it began with.

    Raises WeightsError where it would begin with others, and BenchError where it becomes another model, as it may
    on other hardware or with other versions: then nothing is kept. What training raises passes through.
    """
    path = artifacts.model_path(spec.run_id)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(spec, workbench, Path(folder) / "run.pt", hooks)
        outcome = run.execute()
    if outcome.result.weights_digest != digest:
        raise WeightsError(
            f"The weights of {spec.backbone.name} are not those that run {spec.run_id[:12]} began with.",
            f"Their SHA-256 is {outcome.result.weights_digest}, the run's was {digest}.",
            "Bring back the file that it was trained from.",
        )
    before = artifacts.predictions(spec.run_id).test.logits
    differs = float(np.abs(softmax(before, axis=1) - softmax(outcome.test_logits, axis=1)).max(initial=0.0))
    if not differs <= SAME:
        raise BenchError(
            f"Run {spec.run_id[:12]} became another model when it was trained again.",
            f"Probabilities of test images differ by up to {differs:.2f}: the same model comes only from "
            "the hardware and the versions that trained it.",
            "Train it for another --db with bench sweep --keep-checkpoints (bench show has the command).",
        )
    keep_weights(path, run, outcome)
    if artifacts.stamps:
        artifacts.stamps.put(artifacts.weights_stamp(spec.run_id))
    return path
