from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.models.state_dict import differences, match_state

SHAPES = st.dictionaries(st.text("abc.", min_size=1, max_size=6), st.tuples(st.integers(1, 3), st.integers(1, 3)))


def tensors(shapes):
    return {name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(shapes.items())}


@given(SHAPES, st.randoms())
def test_a_state_matches_itself_by_name_whatever_its_order(shapes, random):
    state = tensors(shapes)
    shuffled = list(state.items())
    random.shuffle(shuffled)
    assert match_state(dict(shuffled), state) == state


@given(SHAPES)
def test_a_state_whose_names_are_all_unknown_matches_by_order(shapes):
    state = {f"{name}.weight": tensor for name, tensor in tensors(shapes).items()}
    strange = {f"layer_{i}.weight": tensor for i, tensor in enumerate(state.values())}
    matched = match_state(strange, state)
    assert list(matched.values()) == list(state.values())
    assert list(matched) == list(state)


def test_no_order_matches_a_scale_with_a_shift():
    wanted = {"bn.weight": torch.zeros(2), "bn.bias": torch.zeros(2)}
    assert match_state({"norm.bias": torch.ones(2), "norm.weight": torch.ones(2)}, wanted) is None
    assert match_state({"norm.weight": torch.ones(2), "norm.bias": torch.ones(2)}, wanted) is not None


@given(SHAPES.filter(bool), st.data())
def test_one_tensor_too_few_too_many_or_of_another_shape_is_no_match(shapes, data):
    state = tensors(shapes)
    name = data.draw(st.sampled_from(sorted(state)))
    assert match_state({n: t for n, t in state.items() if n != name}, state) is None
    assert match_state({**state, "more": torch.zeros(1)}, state) is None
    assert match_state({**state, name: torch.zeros(9, 9)}, state) is None


def test_one_known_name_forbids_matching_the_others_by_order():
    wanted = {"a": torch.zeros(2), "b": torch.zeros(2)}
    assert match_state({"x": torch.zeros(2), "b": torch.zeros(2)}, wanted) is None


def test_optional_and_auxiliary_tensors_are_left_out():
    wanted = {"a": torch.zeros(2)}
    given_state = {"a": torch.ones(2), "head": torch.ones(3), "aux1.conv": torch.ones(1)}
    assert match_state(given_state, wanted) is None
    matched = match_state(given_state, wanted, optional=["head"])
    assert matched.keys() == {"a"}
    assert torch.equal(matched["a"], torch.ones(2))


def test_counters_of_batches_may_be_missing():
    wanted = {"bn.weight": torch.zeros(2), "bn.num_batches_tracked": torch.tensor(0)}
    matched = match_state({"bn.weight": torch.ones(2)}, wanted)
    assert matched.keys() == wanted.keys()
    assert torch.equal(matched["bn.weight"], torch.ones(2))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"a": (1,), "b": (1,)}, ""),
        ({"a": (1,)}, "missing: b"),
        ({"a": (1,), "b": (2,), "c": (1,)}, "not expected: c; of another shape: b"),
        (dict.fromkeys("abcdefg", (1,)), "not expected: c, d, e and 2 more"),
    ],
    ids=str,
)
def test_differences_are_said_with_the_first_names(state, said):
    wanted = {"a": torch.zeros(1), "b": torch.zeros(1)}
    assert differences({name: torch.zeros(shape) for name, shape in state.items()}, wanted) == said
