"""A checkpoint is whole or not gone on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.train.checkpoint import load_checkpoint, save_checkpoint
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]
RUN = "0123456789abcdef" * 4


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"run_id": RUN, "model": {"weight": torch.arange(1000.0)}})
    return path


def test_a_checkpoint_comes_back(saved: Path) -> None:
    state = load_checkpoint(saved, RUN)
    assert state is not None
    assert torch.equal(state["model"]["weight"], torch.arange(1000.0))
    assert load_checkpoint(saved, "f" * 64) is None


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_byte_flipped_anywhere_is_noted_and_nothing_of_it_used(saved: Path, share: float) -> None:
    content = bytearray(saved.read_bytes())
    content[int(share * len(content))] ^= 1
    saved.write_bytes(content)
    notes: list[str] = []
    assert load_checkpoint(saved, RUN, notes.append) is None
    assert notes == [f"The checkpoint of run {RUN[:12]} is damaged: it begins anew."]


@pytest.mark.parametrize("size", [0, 1, 36, 37, 500])
def test_one_that_was_cut_off_is_noted(saved: Path, size: int) -> None:
    saved.write_bytes(saved.read_bytes()[:size])
    notes: list[str] = []
    assert load_checkpoint(saved, RUN, notes.append) is None
    assert len(notes) == 1


def test_one_of_before_there_were_checksums_is_not_used(tmp_path: Path) -> None:
    torch.save({"run_id": RUN}, tmp_path / "run.pt")
    assert load_checkpoint(tmp_path / "run.pt", RUN) is None


def test_a_run_with_a_damaged_checkpoint_begins_anew_and_ends_the_same(
    make_spec: Maker, execute: Maker, tmp_path: Path
) -> None:
    spec, path = make_spec("linear", epochs=4), tmp_path / "run.pt"
    whole = execute(spec)
    path.unlink(missing_ok=True)
    epochs: list[int] = []
    with pytest.raises(StoppedError):
        execute(spec, Hooks(epoch=lambda done: epochs.append(done.epoch), stop=lambda: len(epochs) == 2))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    notes: list[str] = []
    again = execute(spec, Hooks(epoch=lambda done: epochs.append(done.epoch), note=notes.append))
    assert epochs == [1, 2, 1, 2, 3, 4]
    assert any("is damaged: it begins anew" in note for note in notes)
    assert np.array_equal(again.test_logits, whole.test_logits)
