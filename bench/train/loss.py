"""The training loss: cross-entropy with label smoothing, of one run or of several at once.

Of a joint run it is the mean of its targets' cross-entropies, each smoothed over its own classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from bench.records.targets import spans


class Loss:
    """Mean cross-entropy of each of R runs, whose label smoothings it is made with.

    The same as torch's CrossEntropyLoss, but for the order in which a batch is summed up: that is the same for one
    run as for many. `classes` are those of each target, where there are several.
    """

    def __init__(self, smoothing: Sequence[float], device: torch.device, classes: Sequence[int] = ()) -> None:
        self._spans = spans(classes)
        self._smooth = any(smoothing)
        share = torch.tensor(smoothing, dtype=torch.float64)
        self._own, self._spread = (part.float().to(device) for part in (1 - share, share))

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Map scores (R, N, C) and labels (R, N), or (R, N, targets), to losses (R,), float32."""
        if not self._spans:
            return self._of_one(scores, labels)
        each = [self._of_one(scores[..., span], labels[..., at]) for at, span in enumerate(self._spans)]
        return sum(each[1:], start=each[0]) / len(each)

    def _of_one(self, scores: Tensor, labels: Tensor) -> Tensor:
        logs = functional.log_softmax(scores.float(), dim=-1)
        own = functional.nll_loss(logs.flatten(0, 1), labels.flatten(), reduction="none")
        loss = own.view(labels.shape).mean(dim=1)
        if not self._smooth:
            return loss
        spread = -logs.sum(dim=-1).mean(dim=1)
        return self._own * loss + spread * (self._spread / scores.shape[-1])
