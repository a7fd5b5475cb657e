"""Measuring: real steps of a tiny network; that they were taken is tested, never how long they took."""

from __future__ import annotations

import pytest
import torch

from bench.errors import BackboneError, RegistryError
from bench.records.timings import Case, cases_of
from bench.train import timing
from bench.train.timing import Sampler, measure, take_turns

CPU = torch.device("cpu")
NET = "timm/test_efficientnet"


def test_every_case_has_a_sample_and_a_reference_of_each_round():
    cases = cases_of([NET], ["linear", "full"], image_size=32, batch_size=4, precision="fp32")
    heard = []
    found = measure(cases, CPU, 3, lambda *said: heard.append(said))
    assert [timed.case for timed in found] == cases
    for timed in found:
        assert len(timed.samples) == len(timed.reference) == 3
        assert min(*timed.samples, *timed.reference) > 0
    assert sorted({total for _, total, _ in heard}) == [18]
    assert len(heard) == 18


def test_cases_take_turns_and_each_comes_once_a_round():
    order: list[object] = []
    reference = Sampler(lambda: order.append("reference"), CPU, repeated_s=0.0)
    samplers = [Sampler(lambda name=name: order.append(name), CPU, repeated_s=0.0) for name in range(1, 6)]
    heard = []
    found = take_turns(samplers, reference, 4, lambda *said: heard.append(said))
    assert [len(pairs) for pairs in found] == [4] * 5
    assert [done for done, _, _ in heard] == list(range(20))
    assert {of for _, of, _ in heard} == {20}
    warm = 2 * (1 + 5)
    taken = order[warm:]
    assert taken[::2] == ["reference"] * 20
    assert [index + 1 for _, _, index in heard] == taken[1::2]
    rounds = [taken[1::2][start : start + 5] for start in range(0, 20, 5)]
    assert all(sorted(done) == [1, 2, 3, 4, 5] for done in rounds)
    assert len({tuple(done) for done in rounds}) > 1, "an order of its own each round"


@pytest.mark.parametrize(("repeated_s", "times"), [(0.0, 1), (1e9, 1000)])
def test_a_call_is_repeated_as_long_as_is_asked_for_within_bounds(repeated_s, times):
    calls = []
    sampler = Sampler(lambda: calls.append(1), CPU, repeated_s=repeated_s)
    assert len(calls) == 2
    sampler.sample()
    assert len(calls) == 2 + times


def test_a_step_trains_what_its_strategy_says_and_inference_nothing():
    images, steps = {}, {}
    for strategy in ("linear", "full"):
        case = Case(NET, strategy, "train step", 32, 4)
        spec = timing._spec(case)
        model = timing._model(spec)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        timing._inference(spec, model, timing.RandomImages(case, CPU), CPU).sample()
        images[strategy] = [n for n, value in model.state_dict().items() if not torch.equal(value, before[n])]
        timing._train_step(spec, model, timing.RandomImages(case, CPU), CPU).sample()
        steps[strategy] = [n for n, value in model.named_parameters() if not torch.equal(value, before[n])]
    assert images == {"linear": [], "full": []}
    assert steps["linear"]
    assert all(name.startswith("head.") for name in steps["linear"])
    assert any(name.startswith("backbone.") for name in steps["full"])


def test_the_batches_are_the_same_every_time_and_leave_the_random_state_alone():
    case = Case(NET, "linear", "inference", 32, 4)
    state = torch.get_rng_state()
    first, second = (timing.RandomImages(case, CPU) for _ in range(2))
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.labels, second.labels)
    assert torch.equal(torch.get_rng_state(), state)


def test_what_cannot_be_built_is_a_users_error():
    with pytest.raises(BackboneError):
        measure([Case("timm/no_such_net", "full", "inference", 32, 1)], CPU, 5)
    with pytest.raises(RegistryError, match="Did you mean linear"):
        measure([Case(NET, "linaer", "inference", 32, 1)], CPU, 5)
