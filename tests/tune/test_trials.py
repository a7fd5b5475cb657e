"""What trials are proposed, and what is left of them when a process ends in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import event

from bench.errors import BenchError
from bench.registry.search_domains import Choices, Range
from bench.registry.search_keys import read_space
from bench.store.location import Location, locate
from bench.store.store import Store
from bench.store.worker import Process, new_worker, this_host
from bench.tune.space import Proposal, Space
from bench.tune.study import Definition, best_of, opened, studies
from bench.tune.trials import Trials

KEYS = read_space({"lr": "log:1e-4..1e-1", "dropout": "0..0.5", "optimizer": "adam,sgd", "epochs": "1..9"})
SPACE = Space(("a", "b"), {"linear": KEYS, "full": {**KEYS, "lr": Range(1e-5, 1e-2, log=True)}})
GONE = Process(this_host(), 1, -3600.0)  # its id now belongs to another process
ME = new_worker().process


def definition(**changes: Any) -> Definition:
    dataset = {"dataset": {"name": "digits"}}
    plain: dict[str, Any] = {"metric": "val_top1", "sampler": "tpe", "seed": 0, "prune": False, "request": dataset}
    return Definition(SPACE.described, **{**plain, **changes})


@pytest.fixture
def where(tmp_path: Path) -> Location:
    Store.open(tmp_path / "runs.db").close()
    return locate(tmp_path / "runs.db")


@contextmanager
def study(where: Location, name: str = "study", **changes: Any) -> Iterator[Trials]:
    with opened(where, name, definition(**changes), "bench tune", {}) as trials:
        yield trials


def worth(proposal: Proposal) -> float:
    """An objective with its best at lr 0.01, and better with adam."""
    import math

    return -((math.log10(proposal.settings["lr"]) + 2) ** 2) - (proposal.settings["optimizer"] == "sgd")


def search(trials: Trials, until: int) -> list[Proposal]:
    """Search as a single process does, from wherever the study is."""
    made = []
    while len(known := trials.all()) < until or any(trial.end == "open" for trial in known):
        waiting = [trial.number for trial in known if trial.end == "open"]
        number = waiting[0] if waiting else trials.begin(ME)
        proposal = trials.propose(number, SPACE)
        assert proposal is not None
        made.append(proposal)
        trials.tell_done(number, worth(proposal))
    return made


def told(trials: Trials) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.end, trial.value, dict(trial.settings)) for trial in trials.all()]


class Killed(BaseException):
    """What kills a process between two writes."""


def killed_at_every(writes: int, trials: Trials, seen: list[str]) -> None:
    """Kill whoever writes every so many parameters, just before it does."""

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO trial_params"):
            seen.append(statement)
            if len(seen) % writes == 0:
                raise Killed

    event.listen(trials.storage.engine, "before_cursor_execute", before)


@pytest.mark.parametrize(("sampler", "count"), [("random", 5), ("tpe", 12), ("gp", 12)])
def test_a_search_that_was_killed_proposes_what_it_would_have_proposed(
    where: Location, sampler: str, count: int
) -> None:
    """Killed at one write after another: what is drawn later is what an undisturbed search draws."""
    with study(where, "calm", sampler=sampler) as calm:
        search(calm, count)
        expected = told(calm)
    seen: list[str] = []
    kills = 0
    while True:
        try:
            with study(where, "killed", sampler=sampler) as killed:
                killed_at_every(8, killed, seen)
                search(killed, count)
                break
        except Killed:
            kills += 1
    assert kills > 2
    with study(where, "killed", sampler=sampler) as killed:
        assert told(killed) == expected


def test_seeds_propose_differently_and_parameters_of_a_trial_are_drawn_apart(where: Location) -> None:
    with study(where, "0") as one, study(where, "1", seed=1) as other:
        first, second = search(one, 4), search(other, 4)
    assert first != second
    shares = [(p.settings["dropout"] / 0.5, (p.settings["epochs"] - 1) / 8) for p in first]
    assert any(abs(a - b) > 0.2 for a, b in shares)


def test_processes_that_begin_at_once_have_trials_of_their_own(where: Location) -> None:
    with study(where) as one, study(where) as other:
        numbers = [trials.begin(ME) for _ in range(3) for trials in (one, other)]
        assert sorted(numbers) == list(range(6))
        points = [one.propose(number, SPACE) for number in numbers]
    assert len({str(point) for point in points}) == 6


def test_a_trial_is_taken_up_only_where_nobody_is_drawing_it(where: Location) -> None:
    with study(where) as trials:
        for process in (ME, GONE):
            trials.begin(process)
        mine, dead = trials.all()
        assert not mine.is_orphan
        assert dead.is_orphan
        trials.propose(1, SPACE)
        trials.plan(1, "f" * 64)
        planned = trials.all()[1]
        assert not planned.is_orphan  # from now on its run's lease tells
        assert planned.run_id == "f" * 64


def test_what_is_told_twice_is_told_once(where: Location) -> None:
    with study(where) as one, study(where) as other:
        number = one.begin(ME)
        assert one.propose(number, SPACE) is not None
        one.tell_done(number, 0.5)
        other.tell_done(number, 0.7)
        other.tell_pruned(number, 0.1, 1)
        other.plan(number, "f" * 64)
        assert other.propose(number, SPACE) is None
        (trial,) = one.all()
    assert (trial.end, trial.value, trial.run_id) == ("done", 0.5, None)


def test_how_trials_end_is_read_back(where: Location) -> None:
    with study(where) as trials:
        for number in range(6):
            trials.propose(trials.begin(ME), SPACE)
            assert trials.all()[number].end == "open"
        trials.tell_done(0, 0.25)
        trials.tell_pruned(1, 0.125, 3)
        trials.tell_pruned(2, None, 0)
        trials.tell_infeasible(3, "total 12M > 10M", 0.2)
        trials.tell_surplus(4)
        found = trials.all()
    assert [trial.end for trial in found] == ["done", "pruned", "diverged", "infeasible", "surplus", "open"]
    assert [trial.value for trial in found] == [0.25, None, None, None, None, None]
    assert [trial.counts for trial in found] == [True, True, True, False, False, True]
    assert found[3].reason == "total 12M > 10M"


def test_optuna_hears_that_a_trial_is_out_of_the_budget(where: Location) -> None:
    with study(where) as trials:
        trials.propose(trials.begin(ME), SPACE)
        trials.tell_infeasible(0, "total 12M > 10M", 0.2)
        (frozen,) = optuna.load_study(study_name="study", storage=trials.storage).trials
    assert frozen.state == TrialState.PRUNED
    (constraint,) = [value for key, value in frozen.system_attrs.items() if key.startswith("constraints")]
    assert constraint in (0.2, [0.2])  # since optuna 5, and before


def test_a_point_that_was_out_of_the_budget_is_avoided(where: Location) -> None:
    """Of two backbones one never fits: once there is something to learn from, it is hardly proposed."""
    proposed = []
    with study(where) as trials:
        for _ in range(28):
            number = trials.begin(ME)
            proposal = trials.propose(number, SPACE)
            assert proposal is not None
            proposed.append(proposal.backbone)
            if proposal.backbone == "b":
                trials.tell_infeasible(number, "too large", 1.0)
            else:
                trials.tell_done(number, worth(proposal))
    assert proposed[:14].count("b") > 2
    assert proposed[14:].count("b") < proposed[:14].count("b")


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"sampler": "random"}, {"metric": "val_loss"}, {"prune": True},
                {"request": {"dataset": {"name": "digits"}, "budget": {"total": 1}}}],
)  # fmt: skip
def test_a_name_holds_one_search(where: Location, changes: dict[str, Any]) -> None:
    with study(where):
        pass
    with pytest.raises(BenchError, match="searches something else") as error, study(where, **changes):
        pass
    (key,) = [*changes] if "request" not in changes else ["budget"]
    assert error.value.why == f"It differs in: {key}."
    assert definition(**changes).name != definition().name
    with study(where, definition(**changes).name, **changes):
        pass


def test_a_study_that_is_not_ours_is_left_alone_and_not_listed(where: Location) -> None:
    with study(where, "ours") as trials:
        theirs = optuna.create_study(study_name="theirs", storage=trials.storage, direction="maximize")
        theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(BenchError, match="bench did not make"), study(where, "theirs"):
        pass
    with Store.open(where.path) as store:
        assert [listed.name for listed in studies(store)] == ["ours"]


@pytest.mark.parametrize(("metric", "best"), [("val_top1", 1), ("val_loss", 0)])
def test_the_best_is_the_first_of_the_best(where: Location, metric: Any, best: int) -> None:
    with study(where, metric=metric) as trials:
        for value in (0.25, 0.75, 0.75, 0.25):
            number = trials.begin(ME)
            trials.tell_done(number, value)
        found = best_of(trials.all(), metric)
        assert found is not None
        assert found.number == best
        assert optuna.load_study(study_name="study", storage=trials.storage).best_trial.value == found.value
        assert best_of([], metric) is None


def test_lists_are_chosen_as_texts_and_come_back_as_lists(where: Location) -> None:
    augment = Choices(([], ["horizontal_flip"]))
    space = Space(("a",), {"linear": {"augment": augment}})
    with opened(where, "lists", Definition(space.described, **vars_of(definition())), "", {}) as trials:
        found = [trials.propose(trials.begin(ME), space) for _ in range(8)]
    assert {str(p.settings["augment"]) for p in found if p} == {"[]", "['horizontal_flip']"}


def vars_of(made: Definition) -> dict[str, Any]:
    return {key: value for key, value in vars(made).items() if key != "space"}


def test_counting_starts_with_the_recipe_itself(where: Location) -> None:
    first = {"backbone": "b", "strategy": "full", "lr of full": 0.003, "optimizer": "sgd"}
    with opened(where, "first", definition(), "", first) as trials:
        zero = trials.propose(trials.begin(ME), SPACE)
        one = trials.propose(trials.begin(ME), SPACE)
    assert zero is not None
    assert (zero.backbone, zero.strategy) == ("b", "full")
    assert (zero.settings["lr"], zero.settings["optimizer"]) == (0.003, "sgd")
    assert zero != one
