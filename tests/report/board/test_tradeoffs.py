import math
from dataclasses import replace

import pytest
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.board.groups import Stat
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.board.tradeoff_words import faster, fewer, in_words, points, tradeoff_sentence
from bench.report.board.tradeoffs import Tradeoff, most_telling, tradeoffs
from bench.units import DASH


def trades(rows):
    (board,) = leaderboard(rows, Query())
    return {(trade.taken, trade.instead_of): trade for trade in tradeoffs(board)}


def run(model, strategy, val, *, params=1000, seconds=100.0, **columns):
    return done_row(MODELS[model], strategy, val_top1=val, test_top1=val - 0.01, trainable_params=params,
                    standalone_s=seconds, **columns)  # fmt: skip


def test_a_pair_is_compared_on_the_backbones_that_both_were_tried_on():
    rows = [
        run(0, "full", 0.90, params=4000, seconds=300.0), run(0, "linear", 0.88, seconds=100.0),
        run(1, "full", 0.80, params=1000, seconds=100.0), run(1, "linear", 0.76, seconds=200.0),
        run(2, "full", 0.99, params=9000),
    ]  # fmt: skip
    (trade,) = trades(rows).values()
    assert (trade.taken, trade.instead_of, trade.backbones, trade.timed) == ("linear", "full", 2, 2)
    assert trade.val.mean == pytest.approx(-0.03)
    assert trade.val.std == pytest.approx(math.sqrt(2) * 0.01)
    assert trade.test.mean == pytest.approx(-0.03)
    assert trade.fewer == pytest.approx(2.0)
    assert trade.faster == pytest.approx(math.sqrt(3.0 / 2.0))


def test_of_several_configurations_the_one_that_validates_best_stands_for_them():
    rows = [
        run(0, "full", 0.9, params=4000),
        run(0, "linear", 0.7, group_id="a"),
        run(0, "linear", 0.8, group_id="b"),
    ]
    assert trades(rows)["linear", "full"].val.mean == pytest.approx(-0.1)


def test_other_weights_or_image_sizes_do_not_compare():
    rows = [run(0, "full", 0.9, params=4000), run(0, "linear", 0.8, weights_tag="other")]
    assert trades(rows) == {}
    assert trades([rows[0], run(0, "linear", 0.8, image_size=96)]) == {}


def test_random_weights_stand_beside_any_and_come_last():
    rows = [
        run(0, "full", 0.9, params=4000), run(0, "linear", 0.8),
        run(0, "scratch", 0.3, params=4000, weights_source="none", weights_tag=""),
    ]  # fmt: skip
    assert list(trades(rows)) == [("linear", "full"), ("full", "scratch"), ("linear", "scratch")]


def test_times_of_different_hardware_are_never_divided():
    rows = [run(0, "full", 0.9, params=4000, hardware=CPU), run(0, "linear", 0.8, hardware=GPU)]
    (trade,) = trades(rows).values()
    assert (trade.faster, trade.timed) == (None, 0)
    assert faster(trade) == DASH


def test_on_one_backbone_the_spread_is_that_over_seeds():
    rows = [run(0, "full", 0.9 + seed / 100, params=4000, seed=seed) for seed in range(2)]
    rows += [run(0, "linear", 0.8 + seed / 100, seed=seed) for seed in range(2)]
    (trade,) = trades(rows).values()
    assert trade.over_seeds
    assert trade.val.std == pytest.approx(0.01)
    (trade,) = trades(rows[1:3]).values()
    assert trade.val.std is None


def test_what_is_missing_on_test_is_no_difference():
    rows = [run(0, "full", 0.9, params=4000), run(0, "linear", 0.8)._replace(test_top1=None)]
    (trade,) = trades(rows).values()
    assert points(trade.test) == DASH


def test_an_ensemble_is_no_strategy_to_take_instead():
    assert trades([run(0, "full", 0.9)]) == {}


def made(taken, instead_of, val, factor, backbones=4):
    return Tradeoff(taken, instead_of, backbones, Stat(val, 0.01, 4), Stat(val, 0.01, 4), factor, 3.04, backbones)


def test_the_most_telling_pair_saves_most_for_what_it_gives_up():
    cheap, dear = made("last_blocks(1)", "full", -0.01, 8.0), made("linear", "full", -0.30, 64.0)
    alone, none = made("norm", "full", 0.0, 1000.0, backbones=1), made("bitfit", "norm", 0.0, 1.1)
    assert most_telling([dear, cheap, alone, none]) == cheap
    assert most_telling([none]) is None
    assert most_telling([]) is None


def test_a_trade_off_is_said_in_a_sentence():
    said = tradeoff_sentence(made("last_blocks(1)+norm", "full", -0.026, 4.21))
    assert said.replace("\u2212", "-") == (
        "Freezing all but the last block and the norms instead of training everything: -2.6 ± 1.0 points on test "
        "(-2.6 ± 1.0 on validation) over 4 backbones, 4.2x fewer trained parameters, 3.0x faster."
    )


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("linear", "training the head alone"), ("last_blocks(3)", "freezing all but the last 3 blocks"),
        ("neck+norm+bitfit", "freezing all but the neck, the norms and the biases"),
        ("freeze_first(2)", "freezing the first 2 blocks"), ("lora(r=4)", "training with lora(r=4)"),
    ],
)  # fmt: skip
def test_strategies_have_words(strategy, words):
    assert in_words(strategy) == words


@pytest.mark.parametrize(("mean", "text"), [(0.0, "0.0"), (-0.0001, "0.0"), (0.021, "+2.1"), (None, DASH)])
def test_points_have_a_sign(mean, text):
    assert points(Stat(mean, None, 1)) == text


@pytest.mark.parametrize(
    ("ratio", "words"), [(3.0, "3.0x faster"), (0.5, "2.0x slower"), (1.01, "as fast"), (128.4, "128x faster")]
)
def test_times_are_faster_or_slower(ratio, words):
    trade = Tradeoff("a", "b", 1, Stat(0, None, 1), Stat(0, None, 1), 1.0, ratio, 1)
    assert faster(trade) == words
    assert fewer(trade) == "as many trained parameters"


def test_without_test_accuracies_a_trade_off_speaks_of_validation_alone():
    (trade,) = trades([run(0, "full", 0.90, params=4000), run(0, "linear", 0.88)]).values()
    said = tradeoff_sentence(replace(trade, test=Stat(None, None, 0)))
    assert "\u22122.0 points on validation on one backbone" in said
    assert DASH not in said
