"""What one head would cost without its company: measured, since that is what a run's times say."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import torch
from torch import nn

from bench.device import Clock, one_thread
from bench.spec import RunSpec
from bench.train.hooks import Hooks
from bench.train.inputs import Inputs
from bench.train.trainer import Trainer

STEPS, STRETCHES = 8, 6
"""A stretch of so many steps is timed so many times, after one that warms up; the median counts."""


@dataclass(frozen=True)
class Alone:
    """Seconds of one optimizer step and of one evaluation on val."""

    step_s: float
    eval_s: float


def measure_alone(head: nn.Module, spec: RunSpec, inputs: Inputs, device: torch.device) -> Alone:
    """Time a few steps and evaluations of a copy of a head, trained as a run alone is."""
    trainer = Trainer(copy.deepcopy(head), inputs, spec, device, Hooks(), Path(os.devnull))
    batches, steps, looks = enumerate(inputs.training(0)), [], []
    with one_thread():
        for _ in range(1 + STRETCHES):
            clock, done = Clock(device), 0
            trainer.model.train()
            with clock.running():
                for step, (batch, labels) in islice(batches, STEPS):
                    trainer.step(step, batch, labels)
                    done += 1
            if done:
                steps.append(clock.seconds / done)
            looking = Clock(device)
            with looking.running():
                trainer.logits(inputs.splits.val)
            looks.append(looking.seconds)
    return Alone(median(steps[1:] or steps), median(looks[1:]))
