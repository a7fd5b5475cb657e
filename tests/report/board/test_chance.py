"""What peeking would flatter, and what is chance, held against sums made by hand."""

import math

import pytest
from plausible_runs import MODELS, done_row

from bench.report.board.chance import BINS, flattered, flattery_panel, histogram, seed_noise
from bench.report.board.columns import COLUMNS, NEVER_RANKS
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard


def board(*rows):
    (made,) = leaderboard(list(rows), Query())
    return made


def run(model=0, seed=0, **columns):
    return done_row(MODELS[model], "linear", seed, **{"val_n": 300, "test_n": 1000, **columns})


class TestFlattery:
    def test_it_is_the_best_test_epoch_less_the_one_that_validation_chose(self):
        found = flattered(board(
            run(0, test_top1=0.80, best_on_test_top1=0.83), run(1, test_top1=0.70, best_on_test_top1=0.70),
            run(2, test_top1=0.60, best_on_test_top1=None),
        ))  # fmt: skip
        assert found.runs == 3
        assert [gain for gain, _ in found.gains] == pytest.approx([0.03, 0.0])
        assert found.mean == pytest.approx(0.015)
        assert found.most == pytest.approx(0.03)
        assert found.share == 0.5

    def test_where_nobody_looked_nothing_is_claimed(self):
        found = flattered(board(run(best_on_test_top1=None), run(1, best_on_test_top1=math.nan)))
        assert (found.gains, found.mean, found.most, found.share) == ((), None, None, None)
        assert flattery_panel(found).series[0].x == []

    def test_every_gain_is_in_one_bin_of_round_width(self):
        gains = [0.0, 0.001, 0.0123, 0.02, 0.0279, 0.0279]
        bins = histogram(gains)
        assert sum(count for *_, count in bins) == len(gains)
        assert len(bins) <= BINS
        for low, high, count in bins:
            assert high - low == pytest.approx(0.005)
            assert sum(low - 1e-12 <= gain < high - 1e-12 for gain in gains) == count

    @pytest.mark.parametrize("gains", [[0.0], [0.3, 0.9], [-0.01, 0.01], [1.0, 0.0]])
    def test_any_gains_fit_in_few_bins(self, gains):
        bins = histogram(gains)
        assert sum(count for *_, count in bins) == len(gains)
        assert 1 <= len(bins) <= BINS + 1


class TestChance:
    def test_the_standard_error_stands_beside_the_pooled_spread_of_seeds(self):
        rows = [run(0, seed, test_top1=t, val_top1=0.95) for seed, t in enumerate((0.80, 0.82, 0.84))]
        rows += [run(1, seed, test_top1=t, val_top1=0.5) for seed, t in enumerate((0.70, 0.72))]
        found = seed_noise(board(*rows, run(2, test_top1=0.5, val_top1=0.4)))
        assert (found.rows, found.repeated, found.seeds, found.test_n) == (3, 2, 3, 1000)
        assert found.best == pytest.approx(0.82)
        assert found.test_error == pytest.approx(math.sqrt(0.82 * 0.18 / 1000), rel=1e-3)
        squares = 0.02**2 + 0 + 0.02**2 + 0.01**2 + 0.01**2
        assert found.pooled == pytest.approx(math.sqrt(squares / 3))
        assert found.largest == pytest.approx(0.02)

    def test_one_seed_each_says_nothing_of_seeds(self):
        found = seed_noise(board(run(0), run(1)))
        assert (found.pooled, found.largest, found.repeated) == (None, None, 0)


class TestDefinitions:
    def test_every_column_that_can_be_shown_is_defined_and_nothing_else(self):
        parts = ([column.definition, column.stored_unit, column.source] for column in COLUMNS.values())
        assert all(all(each) for each in parts)

    def test_what_never_ranks_looks_at_test_or_needs_equal_hardware_says_so(self):
        assert {COLUMNS[key].remark for key in NEVER_RANKS} == {"never ranks"}
        assert COLUMNS["test_top1"].remark == "only reported"
        assert COLUMNS["latency_1_s"].remark == "same hardware only"
        assert COLUMNS["val_top1"].remark == ""
