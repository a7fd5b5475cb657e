"""The paired test that the compare page does in the browser, against the one of `bench compare`."""

import numpy as np
import pytest

from bench.metrics.paired import difference_interval, mcnemar, paired_test
from bench.report.html import template_text

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(visit, tmp_path_factory):
    path = tmp_path_factory.mktemp("paired") / "page.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><script>{template_text('paired.js')}</script>", "utf-8")
    return visit(path)


def in_page(page, first, second):
    call = "([first, second]) => pairedTest(Uint8Array.from(first), Uint8Array.from(second))"
    return page.evaluate(call, [first.astype(int).tolist(), second.astype(int).tolist()])


def agree(found, expected):
    for key, name in {"n": "n", "both": "both", "onlyFirst": "only_first", "onlySecond": "only_second"}.items():
        assert found[key] == getattr(expected, name)
    assert found["neither"] == expected.neither
    assert found["exact"] == pytest.approx(expected.exact_p, rel=1e-9, abs=1e-300)
    assert found["mid"] == pytest.approx(expected.mid_p, rel=1e-9, abs=1e-300)


def test_numbers_of_the_browser_are_those_of_python_on_random_answers(page):
    random = np.random.default_rng(3)
    for n in (1, 2, 7, 50, 400, 3000):
        for _ in range(4):
            first, second = random.random((2, n)) < random.random((2, 1))
            found, expected = in_page(page, first, second), paired_test(first, second)
            agree(found, expected)
            assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("counts", [(0, 0), (0, 1), (0, 900), (3, 40_000), (20_500, 20_000), (480_000, 481_000)])
def test_extreme_counts_neither_overflow_nor_lose_their_p_value(page, counts):
    n = 1_000_000
    found = page.evaluate("([a, b]) => mcnemar(a, b)", list(counts))
    exact, mid = mcnemar(*counts)
    assert found["exact"] == pytest.approx(exact, rel=1e-6, abs=1e-300)
    assert found["mid"] == pytest.approx(mid, rel=1e-6, abs=1e-300)
    four = [n // 2 - counts[0], *counts, n - n // 2 - counts[1]]
    found = page.evaluate("([a, b, c, d]) => differenceInterval(a, b, c, d)", four)
    assert found == pytest.approx(difference_interval(*four), abs=1e-12)


def test_without_images_there_is_no_difference_and_no_error(page):
    found = in_page(page, np.zeros(0, bool), np.zeros(0, bool))
    assert (found["n"], found["difference"], found["low"], found["exact"]) == (0, None, None, 1)
