import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.look.confidence import selective, sureness


def test_the_surest_are_answered_first():
    steps = selective(np.array([0.9, 0.2, 0.8, 0.4]), np.array([True, False, True, False]), steps=4)
    assert [(step.coverage, step.accuracy, step.confidence) for step in steps] == [
        (0.25, 1.0, 0.9), (0.5, 1.0, 0.8), (0.75, pytest.approx(2 / 3), 0.4), (1.0, 0.5, 0.2),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([0.3, 0.6, 0.9]), st.booleans()), min_size=1, max_size=40), st.data())
def test_the_order_of_equally_sure_images_does_not_matter(made, data):
    other = data.draw(st.permutations(made))
    first, second = (selective(*(np.array(part) for part in zip(*each, strict=True))) for each in (made, other))
    assert [step.accuracy for step in first] == pytest.approx([step.accuracy for step in second])
    assert first[-1].accuracy == pytest.approx(np.mean([right for _, right in made]))


def test_without_images_nothing_is_covered_and_there_is_no_mean():
    assert selective(np.array([]), np.array([], bool)) == []
    assert math.isnan(sureness(np.array([])).mean)
    assert sum(sureness(np.array([])).histogram) == 0


def test_a_histogram_counts_every_image_once_also_the_surest():
    made = sureness(np.array([0.0, 0.049, 0.05, 1.0]))
    assert (made.n, made.histogram[0], made.histogram[1], made.histogram[-1]) == (4, 2, 1, 1)
    assert made.median == pytest.approx(0.0495)
