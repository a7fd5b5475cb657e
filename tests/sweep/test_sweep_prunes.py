"""`bench sweep --prune`: hopeless runs end early, whoever is killed meanwhile, and nothing of them is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Maker = Callable[..., Any]
NETS = "timm/test_efficientnet@none,timm/test_resnet@none,timm/test_vit@none"
MANY = ("-m", NETS, "-s", "linear,norm", "--seeds", "2", "--image-size", "32", "--epochs", "4",
        "--set", "batch_size=8", "--set", "select=val_loss", "--set", "early_stopping=null")  # fmt: skip


def fates(place: Any) -> dict[str, tuple[str, int | None, int | None]]:
    return {run_id: (row["status"], row["rung"], row["pruned_at_epoch"]) for run_id, row in place.rows().items()}


def groups(place: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in place.rows().values():
        found.setdefault(row["group_id"], set()).add(row["status"])
    return found


@pytest.mark.slow
def test_hopeless_runs_end_early_are_skipped_with_prune_and_finished_without(sweeps: Maker) -> None:
    from bench.report.board.query import Query
    from bench.report.board.tables import leaderboard
    from bench.store.artifacts import Artifacts
    from bench.store.store import Store

    calm, place = sweeps("calm", *MANY), sweeps("pruning", *MANY)
    code, said = place.call(*MANY, "--prune")
    assert code == 0, said
    pruned = {run_id for run_id, row in place.rows().items() if row["status"] == "pruned"}
    done = place.rows().keys() - pruned
    assert f"{len(done)} done, {len(pruned)} pruned. Database" in said
    assert len(pruned) >= 2
    with Store.open(place.db) as store:
        assert {
            row.run_id for b in leaderboard(store.rows(), Query()) for e in b.entries for row in e.group.rows
        } == done
        assert {board.pruned for board in leaderboard(store.rows(), Query())} == {len(pruned)}
        for run_id in pruned:
            row, (attempt,) = store.run(run_id).row, store.attempts(run_id)
            assert attempt.error_what == f"Pruned at rung {row.rung}, after epoch {row.pruned_at_epoch}."
            assert "of which the best" in attempt.error_why
            assert store.epochs(run_id)[-1].epoch == row.pruned_at_epoch < 4
            assert Artifacts.beside(store.location).checkpoint_path(run_id).is_file()
    before = place.rows()
    assert f"{len(done)} done before, {len(pruned)} pruned before." in place.call(*MANY, "--prune")[1]
    assert place.rows() == before
    assert place.call(*MANY)[0] == calm.call(*MANY)[0] == 0
    assert place.rows() == calm.rows()
    assert place.epochs() == calm.epochs()


def test_of_four_learning_rates_that_train_together_the_best_at_the_rung_is_trained_to_its_end(
    sweeps: Maker,
) -> None:
    """The two worst come first in the plan, and would pass a rung that nobody else has reached."""
    place = sweeps("rates")
    rates = ("-m", "timm/test_efficientnet@none", "-s", "linear", "--seeds", "1", "--image-size", "32",
             "--epochs", "4", "--set", "batch_size=8", "--set", "select=val_loss", "--set", "early_stopping=null",
             "--set", "lr=1e-6,1.0,1e-3,1e-2")  # fmt: skip
    code, said = place.call(*rates, "--prune")
    assert code == 0, said
    first = {run_id: history[0][-1].loss for run_id, history in place.epochs().items()}
    best = min(first, key=first.__getitem__)
    assert fates(place)[best] == ("done", None, None)
    assert {fate for run_id, fate in fates(place).items() if run_id != best} == {("pruned", 1, 1)}


@pytest.mark.slow
def test_a_pruning_sweep_that_is_killed_ends_with_the_fates_of_an_undisturbed_one(sweeps: Maker) -> None:
    calm, killed = sweeps("calm", *MANY, "--prune"), sweeps("killed", *MANY, "--prune")
    assert calm.run().returncode == 0
    assert killed.killed_at_random(8, seed=1) >= 3
    last = killed.run()
    assert last.returncode == 0, last.stderr
    assert fates(killed) == fates(calm)
    assert "pruned" in {status for status, _, _ in fates(calm).values()}


@pytest.mark.slow
def test_two_pruning_sweeps_at_once_share_their_rungs(sweeps: Maker) -> None:
    from bench.store.store import Store

    crowd = sweeps("crowd", *MANY, "--prune")
    for process in [crowd.start(), crowd.start()]:
        _, said = process.communicate(timeout=300)
        assert process.returncode in (0, 3), said  # 3: the other process was still at a run
    assert {status for status, _, _ in fates(crowd).values()} == {"done", "pruned"}
    assert all(len(statuses) == 1 for statuses in groups(crowd).values()), "no group is left with its lucky seeds"
    with Store.open(crowd.db) as store:
        assert all(len(store.attempts(row.run_id)) == 1 for row in store.rows())
