import numpy as np
import pytest
from plausible_runs import MODELS, done_row

from bench.metrics.paired import mcnemar
from bench.records.predictions import RunPredictions, TestPredictions, ValPredictions
from bench.report.board.answer import answer
from bench.report.board.groups import group_runs
from bench.report.board.noise import doubt, kept_predictions
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.store.artifacts import Artifacts

IMAGES = 200


def group(model, vals, **columns):
    rows = [done_row(MODELS[model], seed=seed, val_top1=val, **columns) for seed, val in enumerate(vals)]
    (found,) = group_runs(rows)
    return found


def predictions(wrong, kind=ValPredictions, order=None):
    """Predictions of two classes that are wrong at some places."""
    labels = np.zeros(IMAGES, np.int64)
    logits = np.tile(np.array([1.0, 0.0], np.float32), (IMAGES, 1))
    logits[list(wrong)] = [0.0, 1.0]
    order = np.arange(IMAGES) if order is None else order
    return kind(np.array([f"image {n}" for n in range(IMAGES)])[order], labels, logits[order])


def test_kept_predictions_are_compared_image_by_image():
    first, second = group(0, [0.95]), group(1, [0.90])
    found = {first.first.run_id: predictions(range(10)), second.first.run_id: predictions(range(5, 25))}
    seen = doubt(first, second, found.get)
    assert not seen.within
    assert seen.how == f"paired on the same 200 validation images, McNemar's mid-p = {mcnemar(15, 5)[1]:.2g}"


def test_the_order_of_images_does_not_matter_and_few_differences_are_noise():
    first, second = group(0, [0.95]), group(1, [0.94])
    shuffled = np.random.default_rng(0).permutation(IMAGES)
    found = {
        first.first.run_id: predictions(range(10)),
        second.first.run_id: predictions(range(12), order=shuffled),
    }
    assert doubt(first, second, found.get).within


def seeded(first, second):
    """Two groups, and the predictions of their seeds from who is wrong where."""
    groups = [group(k, [1 - len(wrong) / IMAGES for wrong in each]) for k, each in enumerate((first, second))]
    found = {
        row.run_id: predictions(wrong)
        for each, wrongs in zip(groups, (first, second), strict=True)
        for row, wrong in zip(each.rows, wrongs, strict=True)
    }
    return doubt(*groups, found.get)


def test_one_seed_decides_nothing_that_the_others_contradict():
    seen = seeded([range(60), range(4), range(4)], [range(100, 104), range(100, 130), range(100, 130)])
    assert seen.within
    assert seen.how.startswith("paired on the same 200 validation images over 3 and 3 seeds, t-test's p = ")
    assert "; by the spread of 3 and 3 seeds, Welch's p = " in seen.how


def test_more_than_noise_is_what_neither_other_images_nor_other_seeds_would_turn():
    assert not seeded([range(10), range(11), range(12)], [range(60), range(61), range(62)]).within
    assert seeded([range(10), range(11), range(12)], [range(12), range(13), range(14)]).within  # other images
    assert seeded([range(4), range(70)], [range(50, 130), range(50, 128)]).within  # other seeds


def test_a_group_with_one_run_whose_predictions_are_lost_is_left_to_its_seeds():
    first, second = group(0, [0.90, 0.91]), group(1, [0.50, 0.51])
    found = {row.run_id: predictions(()) for row in (*first.rows, second.rows[0])}
    assert doubt(first, second, found.get).how.startswith("by the spread of 2 and 2 seeds")


def test_other_images_leave_it_to_the_seeds():
    first, second = group(0, [0.90, 0.91, 0.92]), group(1, [0.50, 0.51, 0.52])
    other = ValPredictions(np.array(["x"]), np.zeros(1, np.int64), np.zeros((1, 2), np.float32))
    found = {first.first.run_id: predictions(()), second.first.run_id: other}
    seen = doubt(first, second, found.get)
    assert not seen.within
    assert seen.how.startswith("by the spread of 3 and 3 seeds, Welch's p = ")


@pytest.mark.parametrize(
    ("first", "second", "within"),
    [([0.90, 0.94], [0.89, 0.93], True), ([0.90, 0.901], [0.50, 0.501], False), ([0.9, 0.9], [0.9, 0.9], True),
     ([0.9, 0.9], [0.8, 0.8], False)],
)  # fmt: skip
def test_seeds_tell_by_their_spread(first, second, within):
    assert doubt(group(0, first), group(1, second)).within == within


def test_single_seeds_without_predictions_tell_nothing():
    assert doubt(group(0, [0.9]), group(1, [0.8, 0.7])) is None


def test_missing_predictions_are_not_at_hand(tmp_path):
    artifacts = Artifacts(tmp_path)
    val, test = predictions(()), predictions((), TestPredictions)
    artifacts.save_predictions("a" * 64, RunPredictions("digest", val, test))
    find = kept_predictions(artifacts)
    assert np.array_equal(find("a" * 64).logits, val.logits)
    assert find("b" * 64) is None
    artifacts.predictions_path("b" * 64).write_bytes(b"damaged")
    assert find("b" * 64) is None


def answered(found):
    dear = done_row(MODELS[0], val_top1=0.95, gmacs=1.0)
    cheap = done_row(MODELS[1], val_top1=0.94, gmacs=0.4, test_top1=0.9)
    (board,) = leaderboard([dear, cheap], Query())
    made = dict(zip((dear.run_id, cheap.run_id), found, strict=True))
    return answer(board, find=made.get).cheaper.replace("\u00a0", " ")


def test_the_answer_says_that_a_cheaper_choice_is_within_noise():
    p = mcnemar(2, 0)[1]
    assert answered([predictions(range(10)), predictions(range(12))]) == (
        "tf_efficientnet_lite0, linear is within noise with 2.5 times less compute: 90.0 % test top-1, 1.0 "
        f"points lower on validation (paired on the same 200 validation images, McNemar's mid-p = {p:.2g})."
    )


def test_the_answer_says_that_a_cheaper_choice_is_worse_than_by_chance():
    said = answered([predictions(()), predictions(range(40))])
    assert said.startswith("With 2.5 times less compute: tf_efficientnet_lite0, linear, 90.0 % test top-1")
    assert "more than noise (paired on the same 200" in said
