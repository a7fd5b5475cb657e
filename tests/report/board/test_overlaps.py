"""What a backbone may have seen of another dataset is said, as far as its weights tell."""

from __future__ import annotations

import pytest
from plausible_runs import done_row

from bench.report.board.overlaps import pretraining_sets, seen_note

OVERLAPS = {"tiny-imagenet": ("imagenet-1k", "imagenet-21k")}


@pytest.mark.parametrize(
    ("tag", "sets"),
    [
        ("ra_in1k", ("imagenet-1k",)),
        ("IMAGENET1K_V2", ("imagenet-1k",)),
        ("augreg_in21k_ft_in1k", ("imagenet-1k", "imagenet-21k")),
        ("fb_in22k_ft_in1k", ("imagenet-1k", "imagenet-21k")),
        ("laion2b_ft_in12k_in1k", ("imagenet-12k", "imagenet-1k", "laion-2b")),
        ("openai", None),
        ("", None),
    ],
)
def test_a_tag_names_what_weights_were_pretrained_on(tag, sets):
    assert pretraining_sets(done_row(weights_source="hub", weights_tag=tag)) == sets


def test_a_trunk_that_has_seen_the_images_is_named():
    note = seen_note("tiny-imagenet", done_row(weights_source="hub", weights_tag="in12k_ft_in1k"), OVERLAPS)
    assert note.startswith("tiny-imagenet shares images with imagenet-1k, on which the weights in12k_ft_in1k")


def test_weights_that_do_not_say_are_said_not_to():
    note = seen_note("tiny-imagenet", done_row(weights_source="file", weights_tag=""), OVERLAPS)
    assert note.endswith("whether the weights file were pretrained on them is not known.")


@pytest.mark.parametrize(
    "columns",
    [{"weights_source": "none", "weights_tag": ""}, {"strategy": "scratch"}, {"weights_tag": "laion2b"}],
)
def test_what_has_seen_none_of_them_is_not_mentioned(columns):
    assert seen_note("tiny-imagenet", done_row(**columns), OVERLAPS) == ""
    assert seen_note("digits", done_row(), OVERLAPS) == ""
