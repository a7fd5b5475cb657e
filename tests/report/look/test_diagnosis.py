import json
import math

import numpy as np
import pytest
from predicted_runs import drawn

from bench.records.predictions import TestPredictions, ValPredictions
from bench.report.look.diagnosis import ORDERS, diagnose, diagnosis_record
from bench.report.look.probabilities import fit_temperature


def made(classes=12, n=400, **options):
    predictions = drawn(TestPredictions, classes, n)
    return diagnose(predictions.logits, predictions.labels, **options)


def test_it_says_the_same_of_kept_logits_as_training_did():
    from bench.metrics.accuracy import measure
    from bench.records.runs import TestMetrics

    predictions = drawn(TestPredictions, 30, 500)
    measured = measure(TestMetrics, predictions.logits, predictions.labels)
    found = diagnose(predictions.logits, predictions.labels)
    assert (found.top1, found.top_k[5]) == (measured.top1, measured.top5)
    assert found.macro_f1 == pytest.approx(measured.macro_f1)
    assert found.calibration.nll == pytest.approx(measured.loss, rel=1e-6)


def test_its_parts_agree_with_each_other():
    found = made()
    right, n = found.matrix.trace(), found.n
    assert found.top1 == right / n
    assert found.errors == n - right == found.wrong.n
    assert found.right.n == right == round(found.coverage[-1].accuracy * n)
    assert sum(part.n for part in found.calibration.bins) == n
    assert sum(score.support for score in found.classes) == n
    assert found.right.mean > found.wrong.mean


def test_a_temperature_from_validation_mends_logits_that_are_too_sure():
    val, test = (
        drawn(kind, 20, 2000, seed, 1.0, images=seed)
        for seed, kind in enumerate((ValPredictions, TestPredictions))
    )
    hot = ValPredictions(val.ids, val.labels, val.logits * 4)
    found = diagnose(test.logits * 4, test.labels, temperature=fit_temperature(hot))
    assert found.cooled.ece < found.calibration.ece / 3
    assert found.cooled.nll < found.calibration.nll


def test_without_names_classes_are_called_by_their_numbers():
    assert made(classes=3).names == ("0", "1", "2")
    with pytest.raises(ValueError, match="2 names do not fit 3 classes"):
        made(classes=3, names=("a", "b"))


@pytest.mark.parametrize(("n", "classes"), [(0, 1), (0, 5), (1, 1), (1, 5), (6, 1), (40, 200), (3, 2)])
def test_few_images_few_classes_and_many_classes_are_all_described(n, classes):
    found = made(classes=classes, n=n, temperature=2.0)
    record = json.loads(json.dumps(diagnosis_record(found), allow_nan=False))
    assert record["n"] == n
    assert set(found.orders) == set(ORDERS)
    assert all(sorted(order) == list(range(classes)) for order in found.orders.values())
    assert math.isnan(found.top1) == (n == 0)


def test_logits_that_are_not_finite_are_counted_as_wrong_and_said():
    predictions = drawn(TestPredictions, 4, 50)
    predictions.logits[:10] = np.nan
    found = diagnose(predictions.logits, predictions.labels)
    assert found.not_finite == 10
    assert found.matrix.sum() == 40
    assert found.top1 == found.matrix.trace() / 50
    nothing = diagnose(np.full((5, 3), np.nan, np.float32), np.zeros(5, np.int64))
    assert nothing.top1 == 0
    assert math.isnan(nothing.calibration.ece)
    json.dumps(diagnosis_record(nothing), allow_nan=False)


def test_the_clustered_order_keeps_families_that_look_alike_together():
    predictions = drawn(TestPredictions, 20, 3000, skill=1.0)
    order = np.array(diagnose(predictions.logits, predictions.labels).orders["clustered"])
    assert (np.diff(order // 5) != 0).sum() == 3
