import base64
from dataclasses import replace

import numpy as np
import pytest
from plausible_runs import done_row
from predicted_runs import drawn

from bench.records.predictions import TestPredictions
from bench.report.look.diagnosis import diagnose
from bench.report.look.look import Head
from bench.report.site.image_sets import NONE, ImageSets, said_record, set_record

ROW = done_row()


def head(made, target="label"):
    return Head(target, made, diagnose(made.logits, made.labels))


def said_by(seed, n=40, skill=1.0):
    return drawn(TestPredictions, 4, n, seed, skill)


def unpacked(text, n):
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), bitorder="little")[:n].astype(bool)


def test_a_bit_is_set_where_a_run_is_right_and_its_classes_are_all_there():
    made, sets = said_by(0), ImageSets()
    record = said_record(sets.of(ROW, head(made), None), head(made))
    predicted = made.logits.argmax(axis=1)
    assert np.array_equal(unpacked(record["right"], 40), predicted == made.labels)
    assert np.array_equal(np.frombuffer(base64.b64decode(record["said"]), "<u2"), predicted)


def test_the_same_images_in_another_order_are_the_same_set_in_the_first_order():
    made, order, sets = said_by(0), np.random.default_rng(1).permutation(40), ImageSets()
    shuffled = TestPredictions(made.ids[order], made.labels[order], made.logits[order])
    first, second = (said_record(sets.of(ROW, head(each), None), head(each)) for each in (made, shuffled))
    assert first == second
    assert len(sets.all()) == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda made: (ROW, head(made, "kind")),
        lambda made: (ROW._replace(dataset="others"), head(made)),
        lambda made: (ROW._replace(fingerprint="0" * 64), head(made)),
        lambda made: (ROW, head(replace(made, labels=(made.labels + 1) % 4))),
        lambda made: (ROW, head(TestPredictions(made.ids[1:], made.labels[1:], made.logits[1:]))),
    ],
)
def test_another_target_dataset_label_or_image_makes_another_set(other):
    made, sets = said_by(0), ImageSets()
    row, another = other(made)
    assert sets.of(ROW, head(made), None).key != sets.of(row, another, None).key


def test_contested_are_the_images_that_some_get_right_and_some_wrong_most_divided_first():
    runs, sets = [said_by(seed) for seed in range(4)], ImageSets()
    for made in runs:
        said_record(sets.of(ROW, head(made), None), head(made))
    [found] = sets.all()
    right = sum((made.logits.argmax(axis=1) == made.labels).astype(int) for made in runs)
    contested = found.contested()
    assert set(contested) == set(np.flatnonzero((right > 0) & (right < 4)).tolist())
    split = [min(right[place], 4 - right[place]) for place in contested]
    assert split == sorted(split, reverse=True)
    assert set_record(found)["contested"] == len(contested)


def test_nothing_is_contested_among_runs_that_say_the_same():
    sets = ImageSets()
    for _ in range(2):
        said_record(sets.of(ROW, head(said_by(0)), None), head(said_by(0)))
    assert sets.all()[0].contested() == []


def test_what_is_not_finite_is_no_class_and_is_wrong():
    made, sets = said_by(0), ImageSets()
    made.logits[:5] = np.nan
    record = said_record(sets.of(ROW, head(made), None), head(made))
    assert set(np.frombuffer(base64.b64decode(record["said"]), "<u2")[:5].tolist()) == {NONE}
    assert not unpacked(record["right"], 40)[:5].any()
