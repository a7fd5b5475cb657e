"""What was scored before an interruption is not scored again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.data.datasets import folder_entry, open_dataset
from bench.store.store import Store
from bench.transfer.answer import Question, Transferring
from bench.transfer.label_map import WrittenMap


def test_an_interrupted_evaluation_goes_on_where_it_was(copied, tiny_folder):
    db, row = copied
    written = WrittenMap(map={name: name for name in ("dusk", "grass", "night", "sand")})
    asked = Question(row.run_id, open_dataset(folder_entry(tiny_folder)), written, split="train")
    seen: list[tuple[int, int | None]] = []

    def interrupted(_doing: str, done: int, of: int | None) -> None:
        seen.append((done, of))
        if len(seen) == 2:
            raise KeyboardInterrupt

    cpu = torch.device("cpu")
    with Store.open(db) as store:
        with pytest.raises(KeyboardInterrupt):
            Transferring(store, asked, cpu, interrupted).answer()
        assert store.transfers.of_run(row.run_id) == []
        found = Transferring(store, asked, cpu, interrupted).answer()
    assert seen == [(32, 48), (48, 48), (16, 16)]  # the second batch was not counted when the interruption came
    assert found.images == 48
    assert found.result["heads"][0]["readings"][0]["all"]["top1"] == pytest.approx(_train_top1(row), abs=0.05)
    with np.load(next((db.parent / f"{db.name}.files" / "transfers").iterdir())) as arrays:
        assert arrays["rows"].tolist() == list(range(48))


def _train_top1(row) -> float:
    """What the run measured of the same images, of which it held a tenth back as val."""
    return (row.train_top1 * row.train_n + row.val_top1 * row.val_n) / (row.train_n + row.val_n)
