"""What one head would cost without its company: measured, since that is what a run's times say."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median

from torch import nn

from bench.hardware.conditions import Conditions
from bench.hardware.device import Clock, one_thread
from bench.hardware.gauge import Gauge
from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.inputs import Inputs
from bench.train.trainer import Trainer

STEPS, STRETCHES = 8, 6
"""A stretch of so many steps is timed so many times, after one that warms up; the median counts."""


@dataclass(frozen=True)
class Alone:
    """Seconds of one optimizer step and of one evaluation on val, and the conditions they were measured under."""

    step_s: float
    eval_s: float
    step_cpu_s: float = 0.0
    eval_cpu_s: float = 0.0
    conditions: Conditions = field(default_factory=Conditions)


def measure_alone(head: nn.Module, spec: RunSpec, inputs: Inputs, gauge: Gauge) -> Alone:
    """Time a few steps and evaluations of a copy of a head, trained as a run alone is."""
    device = gauge.device
    trainer = Trainer(copy.deepcopy(head), inputs, spec, device, Hooks(), Path(os.devnull))
    batches = enumerate(inputs.training(0))
    steps: list[tuple[float, float]] = []
    looks: list[tuple[float, float]] = []
    with one_thread():
        mark = gauge.mark()
        for _ in range(1 + STRETCHES):
            clock, done = Clock(device), 0
            trainer.model.train()
            with clock.running():
                for step, (batch, labels) in islice(batches, STEPS):
                    trainer.step(step, batch, labels)
                    done += 1
            if done:
                steps.append((clock.seconds / done, clock.cpu_s / done))
            looking = Clock(device)
            with looking.running():
                trainer.logits(inputs.splits.val)
            looks.append((looking.seconds, looking.cpu_s))
        conditions = gauge.since(mark)
    step_s, step_cpu_s = map(median, zip(*(steps[1:] or steps), strict=True))
    eval_s, eval_cpu_s = map(median, zip(*looks[1:], strict=True))
    return Alone(step_s, eval_s, step_cpu_s, eval_cpu_s, conditions)
