from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BudgetError
from bench.plan.budget import QUANTITIES, UNITS, Budget, exact, human, parse_budget, quantity_of
from bench.records.runs import Counts

COUNTS = Counts(4_263_748, 1_010_200, 753_900, 0.3858, 0.8)

NUMBERS = st.floats(1e-6, 1e15, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("10M", {"total": 10e6}),
        ("10m", {"total": 10e6}),
        (" 10 M ", {"total": 10e6}),
        ("1e7", {"total": 10e6}),
        ("10_000_000", {"total": 10e6}),
        ("0.1M", {"total": 1e5}),
        (".5G", {"total": 5e8}),
        ("1B", {"total": 1e9}),
        ("500K", {"total": 5e5}),
        ("total<=10M,trainable<=1M,gmacs<=0.5", {"total": 10e6, "trainable": 1e6, "gmacs": 0.5}),
        ("total <= 10M , gflops=1", {"total": 10e6, "gflops": 1.0}),
        ("total≤10M", {"total": 10e6}),
        ("trainable_backbone<=0", {"trainable_backbone": 0.0}),
        ("train_gmacs<=1.5", {"train_gmacs": 1.5}),
        ("10M,total<=5M,total<=7M", {"total": 5e6}),
        ("", {}),
        ("  ", {}),
        (None, {}),
    ],
)
def test_a_budget_reads_as_people_write_it(text, limits):
    assert dict(parse_budget(text).limits) == limits


@pytest.mark.parametrize(
    "text",
    ["10X", "ten", "total<10M", "total>=10M", "10M,", ",", "-5M", "10MB", "1.2.3", "total<=", "<=5M", "nan", "inf",
     "1e999", "10M;5M", "total==5M", "\u0661\u0660M"],
)  # fmt: skip
def test_what_is_no_budget_is_an_error_that_shows_how_to_write_one(text):
    with pytest.raises(BudgetError) as caught:
        parse_budget(text)
    assert repr(text) in caught.value.what
    assert "10M" in caught.value.todo


def test_an_unknown_quantity_lists_the_valid_ones_and_the_nearest():
    with pytest.raises(BudgetError) as caught:
        parse_budget("trainble<=1M")
    assert ", ".join(sorted(QUANTITIES)) in caught.value.why
    assert "trainable" in caught.value.todo


@given(st.dictionaries(st.sampled_from(sorted(QUANTITIES)), NUMBERS))
def test_a_written_budget_reads_back_as_the_same_budget(limits):
    budget = Budget(tuple(limits.items()))
    assert parse_budget(str(budget)) == budget


@given(NUMBERS)
def test_a_number_written_exactly_reads_back_as_itself(number):
    assert parse_budget(exact(number)).limits == (("total", number),)


@given(st.sampled_from(sorted(QUANTITIES)), NUMBERS, st.sampled_from(sorted(UNITS)))
def test_a_unit_multiplies_the_number_before_it(quantity, number, unit):
    text = f"{number:.6f}"
    ((name, limit),) = parse_budget(f"{quantity}<={text}{unit}").limits
    assert name == quantity
    assert limit == pytest.approx(float(text) * UNITS[unit], rel=1e-15)


@given(st.sampled_from(sorted(QUANTITIES)), st.integers(0, 10**9), st.integers(0, 10**9), NUMBERS)
def test_counts_fit_a_budget_if_and_only_if_no_limit_is_smaller(quantity, total, trainable, gmacs):
    counts = Counts(total, trainable, trainable, gmacs, 2 * gmacs)
    value = quantity_of(counts, quantity)
    assert not Budget(((quantity, value),)).reasons(counts)
    assert not Budget(((quantity, value + 1),)).reasons(counts)
    broken = Budget(((quantity, value / 2),)).reasons(counts)
    assert bool(broken) == (value > value / 2)
    assert all(reason.startswith(f"{quantity} ") for reason in broken)


def test_every_broken_limit_is_named_with_both_numbers():
    reasons = parse_budget("total<=4M,trainable<=2M,gmacs<=0.2,gflops<=0.5").reasons(COUNTS)
    assert reasons == ["total 4.264M > 4M", "gmacs 0.3858 > 0.2", "gflops 0.7716 > 0.5"]


def test_a_limit_that_is_missed_by_one_shows_every_digit():
    assert parse_budget("4263747").reasons(COUNTS) == ["total 4263748 > 4263747"]
    assert parse_budget("4263748").reasons(COUNTS) == []


def test_gflops_are_twice_the_gmacs():
    assert quantity_of(COUNTS, "gflops") == 2 * quantity_of(COUNTS, "gmacs")


@pytest.mark.parametrize(
    ("value", "text"), [(4_263_748, "4.264M"), (128_100, "128.1K"), (0.3858, "0.3858"), (2.5e9, "2.5G"), (0, "0")]
)
def test_numbers_are_written_as_people_say_them(value, text):
    assert human(value) == text


@pytest.mark.parametrize("text", ["10,5M", "10M, 5M", "10M,gmacs<=1,5"])
def test_two_bare_numbers_are_no_decimal_comma_and_refused(text):
    with pytest.raises(BudgetError, match="more than one bare number"):
        parse_budget(text)


def test_a_limit_with_another_sign_is_told_the_right_one():
    with pytest.raises(BudgetError, match="limits with <= like"):
        parse_budget("total<10M")
