import json
from io import StringIO

import numpy as np
import pytest
from plausible_runs import record_ended
from predicted_runs import planned, predictions, record_predicted
from rich.console import Console

from bench.errors import BenchError
from bench.inference.class_names import ClassNames
from bench.records.predictions import RunPredictions, TestPredictions
from bench.report.look.compare import compare_runs, comparison_record, spec_differences
from bench.report.terminal.compare_view import compare_view
from bench.spec import RecipeSpec, SubsetSpec
from bench.store.artifacts import Artifacts


def unnamed(*_):
    return ClassNames()


def two(store, first=None, second=None, **changes):
    one = record_predicted(store, planned(5), first or predictions(5, n=200))
    changed = {"seed": 1, **changes}
    return one, record_predicted(store, planned(5, **changed), second or predictions(5, n=200, seed=1, skill=1.0))


def test_the_counts_are_those_of_the_kept_logits(store):
    one, other = two(store)
    kept = [Artifacts.beside(store.location).predictions(run).test for run in (one, other)]
    right = [made.logits.argmax(axis=1) == made.labels for made in kept]
    head = compare_runs(store, one, other, unnamed).heads[0]
    assert (head.test.only_first, head.test.only_second) == (
        (right[0] & ~right[1]).sum(),
        (right[1] & ~right[0]).sum(),
    )
    assert len(head.disagreements) == head.test.only_first + head.test.only_second
    assert sum(one.support for one in head.classes) == 200
    assert sum(one.only_first for one in head.classes) == head.test.only_first
    assert head.first.top1 - head.second.top1 == pytest.approx(head.test.difference)


def test_images_in_another_order_are_compared_as_the_same(store):
    made = predictions(5, n=200)
    order = np.random.default_rng(0).permutation(200)
    turned = TestPredictions(made.test.ids[order], made.test.labels[order], made.test.logits[order])
    one, other = two(store, made, RunPredictions(made.split_digest, made.val, turned))
    head = compare_runs(store, one, other, unnamed).heads[0]
    assert (head.test.only_first, head.test.only_second, head.test.mid_p) == (0, 0, 1.0)
    assert np.array_equal(head.first.matrix, head.second.matrix)


def test_what_differs_is_said_by_its_dotted_name_and_nothing_else(store):
    made = compare_runs(store, *two(store, recipe=RecipeSpec(epochs=12, lr=0.1)), unnamed)
    assert [(one.key, one.first, one.second) for one in made.differences] == [
        ("recipe.lr", 0.001, 0.1), ("seed", 0, 1),
    ]  # fmt: skip


def test_a_key_that_one_spec_lacks_differs():
    [found] = spec_differences({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}})
    assert (found.key, found.first, found.second) == ("a.c", None, 2)


def test_an_image_without_a_prediction_is_wrong_and_has_no_predicted_class(store):
    made = predictions(5, n=200, seed=1)
    made.test.logits[:50] = np.nan
    head = compare_runs(store, *two(store, second=made), unnamed).heads[0]
    assert {one.second for one in head.disagreements[:10]} == {None}


def test_the_record_is_json(store):
    made = comparison_record(compare_runs(store, *two(store), unnamed))
    text = json.loads(json.dumps(made, allow_nan=False))
    assert text["heads"][0]["test"]["n"] == 200
    assert text["heads"][0]["disagreements"][0].keys() == {"id", "label", "first", "second", "first_right"}


def test_what_cannot_be_compared_is_refused(store):
    one, other = two(store, second=predictions(5, n=150))
    with pytest.raises(BenchError, match="same run"):
        compare_runs(store, one, one[:20], unnamed)
    with pytest.raises(BenchError, match="image by image"):
        compare_runs(store, one, other, unnamed)
    elsewhere = record_predicted(store, planned(5, name="fish"), predictions(5, n=200))
    with pytest.raises(BenchError, match="different data"):
        compare_runs(store, one, elsewhere, unnamed)
    failed = planned(5, seed=7)
    record_ended(store, failed, "failed", BenchError("x"))
    with pytest.raises(BenchError, match="has no result"):
        compare_runs(store, one, failed.spec.run_id, unnamed)


def test_headings_name_target_and_subset_and_a_digest_that_differs_is_short(store):
    data = planned(5).spec.dataset.model_copy(update={"subset": SubsetSpec(train=50), "groups": "9e" * 32})
    console = Console(file=StringIO(), width=200)
    console.print(compare_view(compare_runs(store, *two(store, dataset=data), unnamed)))
    text = console.file.getvalue()
    assert f"on {data.name}, train=50, seed 1" in text
    assert f"on {data.name}, seed 0" in text
    assert "9e9e9e9e" in text
    assert "9e9e9e9e9" not in text
