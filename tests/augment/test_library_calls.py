from __future__ import annotations

from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.augment.library_calls import LibraryCall, is_library_call, literal, parse_library_call
from bench.errors import RecipeError

WORDS = st.text(max_size=8)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(VALUES, max_size=3), st.dictionaries(st.sampled_from(["a", "p", "fill"]), VALUES, max_size=3))
def test_a_call_is_read_back_as_it_was_written(args, kwargs):
    call = LibraryCall("albumentations", "Blur", tuple(args), kwargs)
    again = parse_library_call(str(call))
    assert again == call
    assert str(again) == str(call)


def test_words_need_no_quotes_and_lists_are_tuples():
    call = parse_library_call(" A . Affine( 3, mode=rain, scale={x: [0.5, 1], 'y': 2}, fill=None, rotate=(-5,) ) ")
    assert call.args == (3,)
    assert call.kwargs == {"mode": "rain", "scale": {"x": (0.5, 1), "y": 2}, "fill": None, "rotate": (-5,)}
    assert parse_library_call("A.Blur") == parse_library_call("A.Blur()")


def test_a_member_of_an_enumeration_is_written_by_its_value():
    class Mode(Enum):
        NEAREST = "nearest"

    assert literal((Mode.NEAREST, "two words", "lambda", "None")) == "(nearest, 'two words', 'lambda', 'None')"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("A.Blur", True), (" torchvision .Pad(1)", True), ("rotation(0.5)", False), ("rotation", False), ("", False)],
)
def test_a_library_stands_before_anything_else(text, is_one):
    assert is_library_call(text) is is_one


@pytest.mark.parametrize(
    "text",
    ["A.Blur(3", "A.Blur(p=1e999)", "A.Blur(__import__('os'))", "A.os.system('x')", "A.Blur(*x)", "A.3",
     "A.Blur(p=x.y)", "A.Blur(p=1+1)", "A.Blur(b'x')", "A.Blur({1, 2})", "A.Blur({1.5: 2, **x})", "A.Blur[0](3)",
     "A.Blur(p=0, 3)", "A.Blur\x00", "A.Blur(3); A.Blur(4)", "A.Blur(lambda: 1)", "A.Blur(f'{x}')", "A.Blur(1j)",
     "A.Blur(p=0, p=1)", "A.Blur(**{'p': 1})", "A." + "(" * 5000, "A.Blur(" + "-" * 50_000 + "1)"],
)  # fmt: skip
def test_what_is_no_plain_call_is_refused_in_three_parts(text):
    with pytest.raises(RecipeError) as caught:
        parse_library_call(text)
    assert caught.value.what
    assert caught.value.why
    assert caught.value.todo
