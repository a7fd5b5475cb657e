import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.board.pareto import pareto_front

# Few distinct values, so that ties and duplicates are common; and what must never be on a front.
VALUE = st.one_of(
    st.integers(-3, 3),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, -0.0, 2**53, 2**53 + 1]),
)


def by_definition(points, up, down):
    def good(point):
        return all(point[axis] is not None and math.isfinite(point[axis]) for axis in (*up, *down))

    def dominates(a, b):
        pairs = [(a[axis], b[axis]) for axis in up] + [(b[axis], a[axis]) for axis in down]
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    valid = [i for i, point in enumerate(points) if good(point)]
    return [i for i in valid if not any(dominates(points[j], points[i]) for j in valid)]


@pytest.mark.parametrize(
    ("up", "down"),
    [((0,), ()), ((), (0,)), ((0,), (1,)), ((0, 1), ()), ((), (0, 1)), ((0, 2), (1,)), ((0,), (1, 2))],
)
@given(points=st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=30))
def test_the_front_is_the_one_of_the_definition(up, down, points):
    assert pareto_front(points, maximize=up, minimize=down) == by_definition(points, up, down)


def test_equal_points_stay_on_the_front_together():
    assert pareto_front([(0.9, 1), (0.9, 1), (0.8, 1)], maximize=[0], minimize=[1]) == [0, 1]


def test_a_point_without_a_value_is_not_on_the_front_even_alone():
    assert pareto_front([{"val": None, "cost": 1}], maximize=["val"], minimize=["cost"]) == []
    assert pareto_front([{"val": math.nan, "cost": 1}], maximize=["val"], minimize=["cost"]) == []


def test_points_may_be_mappings():
    points = [{"val": 0.7, "cost": 5}, {"val": 0.9, "cost": 5}, {"val": 0.6, "cost": 1}]
    assert pareto_front(points, maximize=["val"], minimize=["cost"]) == [1, 2]


def test_no_points_have_an_empty_front():
    assert pareto_front([], maximize=[0]) == []


def test_a_front_without_an_axis_is_an_error():
    with pytest.raises(ValueError, match="at least one axis"):
        pareto_front([(1,)])
