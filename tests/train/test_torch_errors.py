"""What torch refuses in a run is explained by the option that changes it."""

from __future__ import annotations

import pytest
import torch
from command_line import bench
from example_runs import planned
from torch import nn

from bench.errors import BenchError
from bench.store.store import Store
from bench.train.torch_errors import explained


def raised(compute) -> Exception:
    with pytest.raises((RuntimeError, ValueError, IndexError)) as error:
        compute()
    return error.value


KINDS = [
    (lambda: nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1)), "batch_size"),
    (lambda: nn.Linear(3, 2)(torch.zeros(1, 4)), "--image-size"),
    (lambda: nn.Conv2d(3, 2, 7)(torch.zeros(1, 3, 4, 4)), "--image-size"),
    (lambda: nn.Conv2d(3, 2, 1)(torch.zeros(1, 4, 4, 4)), "--image-size"),
    (lambda: torch.zeros(2, 3) + torch.zeros(2, 4), "--image-size"),
    (lambda: torch.zeros(2, 3).view(4, 4), "--image-size"),
    (lambda: nn.CrossEntropyLoss()(torch.zeros(1, 3), torch.tensor([7])), "bench datasets"),
]


@pytest.mark.parametrize(("compute", "advice"), KINDS)
def test_what_torch_itself_raises_is_explained_with_what_to_do(compute, advice):
    error = raised(compute)
    made = explained(error, planned(0).spec)
    assert isinstance(made, BenchError)
    assert made.__cause__ is error
    assert all((made.what, made.why, made.todo))
    assert str(error).splitlines()[0].rstrip(".") in made.why
    assert advice in made.todo


def test_an_error_of_another_kind_stays_as_it_is():
    error = RuntimeError("CUDA error: out of memory")
    assert explained(error, planned(0).spec) is error


def test_a_batch_of_one_image_with_small_maps_fails_with_advice_and_keeps_the_traceback(tiny_folder, tmp_path):
    db = tmp_path / "runs.db"
    ended = bench(
        "sweep", "-d", f"folder:{tiny_folder}", "-m", "timm/test_efficientnet@none", "-s", "full", "--epochs", 1,
        "--image-size", 16, "--set", "batch_size=1", "--db", db,
    )  # fmt: skip
    with Store.open(db) as store:
        (row,) = store.rows()
        (attempt,) = store.attempts(row.run_id)
    if ended.code == 0:
        pytest.skip("this network has no map of 1 x 1")
    assert ended.code == 3
    assert "Batch norm cannot train on one value per channel." in ended.stderr
    assert "--set batch_size=8" in str(attempt.error_todo)
    assert attempt.error_type == "TorchError"


def test_an_image_size_that_is_searched_and_given_is_told_by_its_option(tiny_folder, tmp_path):
    ended = bench(
        "tune", "-d", f"folder:{tiny_folder}", "-m", "timm/test_efficientnet@none", "-s", "linear",
        "--image-size", 32, "--space", "image_size=32,33", "--trials", 2, "--db", tmp_path / "runs.db",
    )  # fmt: skip
    assert ended.code == 2
    assert "--image-size" in ended.stderr
    assert "--set" not in ended.stderr
