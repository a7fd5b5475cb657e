from __future__ import annotations

import pytest

from bench.calls import Call, bind, look_up, parse_call
from bench.errors import BackboneError, RecipeError


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("linear", Call("linear")),
        ("linear()", Call("linear")),
        (" linear ( 1024 ) ", Call("linear", (1024,))),
        ("dropout(0.50)", Call("dropout", (0.5,))),
        ("rand_augment(2, m=9)", Call("rand_augment", (2,), {"m": 9})),
        ("resize(-1e-3, mode=bicubic)", Call("resize", (-0.001,), {"mode": "bicubic"})),
    ],
)
def test_a_call_parses_and_its_text_parses_back_to_the_same(text, call):
    assert parse_call(text) == call
    assert parse_call(str(call)) == call


def test_the_order_and_spacing_of_named_arguments_do_not_change_the_canonical_text():
    assert str(parse_call("f(b=2,a=1)")) == str(parse_call(" f(a = 1, b=2)")) == "f(a=1, b=2)"
    assert hash(parse_call("f(b=2,a=1)")) == hash(parse_call("f(a=1,b=2)"))


@pytest.mark.parametrize(
    "text",
    ["", "1f", "f(", "f(1", "f(g(1))", "f(1,,2)", "f('x')", "f(a=1, 2)", "f(a=1, a=2)", "f(1e999)", "f(1)2"],
)
def test_a_text_that_is_no_call_is_a_recipe_error_in_three_parts(text):
    with pytest.raises(RecipeError) as caught:
        parse_call(text, kind="head layer")
    assert repr(text) in caught.value.what
    assert "head layer" in caught.value.what
    assert caught.value.why
    assert caught.value.todo


def test_an_unknown_name_lists_the_valid_ones_and_the_nearest():
    with pytest.raises(RecipeError) as caught:
        look_up(parse_call("droput(0.5)"), {"dropout": 1, "linear": 2}, kind="head layer")
    assert "dropout, linear" in caught.value.why
    assert caught.value.todo == "Did you mean dropout?"


def layer(p: float = 0.5, size: int = 3) -> None:
    """A function of the kind that calls are bound to."""


def test_binding_fills_in_defaults_and_makes_whole_numbers_floats():
    assert bind(parse_call("layer"), layer) == {"p": 0.5, "size": 3}
    bound = bind(parse_call("layer(1)"), layer)
    assert bound == {"p": 1.0, "size": 3}
    assert isinstance(bound["p"], float)


@pytest.mark.parametrize("text", ["layer(x)", "layer(0.1, 2.5)", "layer(1, 2, 3)", "layer(q=1)", "layer(1, p=2)"])
def test_wrong_arguments_show_how_the_call_is_written(text):
    with pytest.raises(BackboneError) as caught:
        bind(parse_call(text), layer, error=BackboneError)
    assert "layer(p: float=0.5, size: int=3)" in caught.value.todo
