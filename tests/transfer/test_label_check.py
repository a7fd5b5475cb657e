"""A label map is checked by name: what goes to another class than it is called is found, said and corrected."""

from __future__ import annotations

import pytest
from published_classes import CIFAR100, TINY_IMAGENET

from bench.errors import LabelMapError
from bench.registry.loading import shipped_folder
from bench.transfer.label_check import check_map
from bench.transfer.label_map import WrittenMap, find_map, read_map
from bench.transfer.wordnet import lemmas

FINE = {"fine": CIFAR100}
TINY = tuple(f"{wnid} {lemmas(wnid)[0]}" for wnid in TINY_IMAGENET)
"""As bench names Tiny-ImageNet's classes: id and first word."""

PRINTED = {"186": 53, "185": 51, "177": 61, "8": 79, "9": 79, "77": 15, "18": 45, "34": 43, "92": 39, "114": 41}
"""What the source prints, but for the last pair, 135 = 9."""
OURS = {"label": ("camel", "snail", "spider", "cat", "bird")}
THEIRS = ("n01944390 snail", "n02883205 bow tie", "n02012849 crane", "n03126707 crane", "n02123045 tabby")


def published():
    return read_map(find_map("tiny-imagenet-to-cifar100", [shipped_folder()]))


def checked(ours=OURS, theirs=THEIRS, **keys):
    return check_map(WrittenMap(**keys), theirs, ours, "other")


def refused(**keys):
    with pytest.raises(LabelMapError) as error:
        checked(**keys)
    assert all((error.value.what, error.value.why, error.value.todo))
    return str(error.value)


def test_the_published_map_sends_the_snail_to_the_camel_and_only_the_snail_is_wrong():
    found = check_map(published(), TINY, FINE, "tiny-imagenet")
    wrong = [pair for pair in found.pairs if pair.verdict == "disagrees"]
    assert [(TINY[pair.theirs], CIFAR100[pair.ours], CIFAR100[pair.corrected]) for pair in wrong] == [
        ("n01944390 snail", "camel", "snail")
    ]
    assert found.warnings[0] == "snail goes to camel (position 15), but by its name it is snail (77)."


def test_the_published_snail_is_the_wrong_way_round_and_its_position_is_the_bow_tie():
    found = check_map(published(), TINY, FINE, "tiny-imagenet")
    (warning,) = found.warnings[1:]
    assert warning.startswith("Position 77 is named snail, but in that order it is bow tie, and snail is 15.")
    assert "The pair is the wrong way round: 15 = 77." in warning


def test_every_other_published_position_is_the_class_it_is_named():
    written = published()
    for key, index in written.map.items():
        right = TINY_IMAGENET[int(key)] == written.named(key).split()[0]
        assert right == (key != "77"), (key, index)


def test_the_published_map_has_two_spiders_that_no_name_can_check():
    found = check_map(published(), TINY, FINE, "tiny-imagenet")
    unchecked = [pair for pair in found.pairs if pair.verdict == "unchecked"]
    assert [TINY[pair.theirs].split(maxsplit=1)[1] for pair in unchecked] == ["black widow", "tarantula"]
    assert all("spider" in pair.note for pair in unchecked)  # WordNet's definitions, for a reader to judge


def test_the_shipped_map_is_as_printed():
    written = published()
    assert written.map == {**PRINTED, "135": 9}
    assert [name.split(maxsplit=1)[1] for name in written.names.values()] == [
        "orange", "mushroom", "plate", "black widow", "tarantula", "snail", "lobster", "lion", "computer keyboard",
        "lawn mower", "soda bottle",
    ]  # fmt: skip


def test_the_two_readings_differ_in_what_was_corrected():
    found = check_map(published(), TINY, FINE, "tiny-imagenet")
    given, by_name = found.readings["as written"], found.readings["by name"]
    assert {theirs for theirs in given if given[theirs] != by_name[theirs]} == {TINY_IMAGENET.index("n01944390")}


def test_positions_in_another_order_are_found_out():
    reversed_names = TINY[::-1]  # the dataset's own order is another; the names still lead to the right classes
    found = check_map(
        published().model_copy(update={"index_order": "dataset"}), reversed_names, FINE, "tiny-imagenet"
    )
    assert reversed_names[found.pairs[0].theirs] == "n07747607 orange"
    assert sum("The name counts." in warning for warning in found.warnings) == len(found.pairs)


def test_a_map_without_a_doubt_has_one_reading_and_no_warning():
    found = checked(map={"snail": "snail", "tabby cat": "cat"})
    assert list(found.readings) == ["as written"]
    assert found.warnings == ()
    assert [pair.verdict for pair in found.pairs] == ["agrees", "agrees"]


def test_two_classes_may_go_to_one_and_a_class_of_ours_may_be_left():
    found = checked(map={"n02012849": "bird", "bow tie": "bird"})
    assert set(found.readings["as written"].values()) == {4}


def test_what_the_map_s_author_has_confirmed_is_no_doubt():
    doubted = checked(map={"snail": "camel"})
    assert doubted.pairs[0].verdict == "disagrees"
    confirmed = checked(map={"snail": "camel"}, confirmed=("snail",))
    assert confirmed.pairs[0].verdict == "confirmed"
    assert list(confirmed.readings) == ["as written"]


def test_where_several_classes_of_ours_are_called_so_nothing_is_corrected():
    ours = {"label": ("oak tree", "pine tree", "camel")}
    found = check_map(WrittenMap(map={"tree": "camel"}), ("tree",), ours, "other")
    assert found.pairs[0].verdict == "disagrees"
    assert "oak tree (0) or pine tree (1)" in found.warnings[0]
    assert list(found.readings) == ["as written"]


def test_a_map_written_for_another_dataset_says_so():
    assert checked(map={"snail": "snail"}, dataset="cub").warnings == ("The map was written for cub.",)


def test_the_target_is_the_one_whose_classes_the_map_names():
    ours = {"coarse": ("insects", "pets"), "fine": ("ant", "cat")}
    assert checked(ours, map={"tabby": "cat"}).target == "fine"
    assert checked(ours, map={"tabby": "pets"}).target == "coarse"
    assert checked(ours, map={"tabby": 1}, index_order="dataset", target="fine").target == "fine"


def test_classes_are_found_by_name_by_id_by_both_and_by_what_wordnet_calls_them():
    for key in ("n02123045 tabby", "n02123045", "tabby", "Tabbies", "tabby cat", "n02123045 tabby cat"):
        assert checked(map={key: "cat"}).pairs[0].theirs == 4, key


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"map": {"snial": "snail"}}, "Did you mean snail?"),
        ({"map": {"snail": "snial"}}, "Did you mean snail?"),
        ({"map": {"n01944391": "snail"}}, "Did you mean n01944390"),
        ({"map": {"n01944390 bow tie": "snail"}}, "n01944390 is not 'bow tie'."),
        ({"map": {"crane": "bird"}}, "They are n02012849 crane, n03126707 crane."),
        ({"map": {"snail": "snail", "n01944390": "camel"}}, "has 'n01944390 snail' twice"),
        ({"map": {"77": "snail"}}, "If that is a position, it alone may mean another class"),
        ({"map": {"snail": 5}, "index_order": "dataset"}, "There are 5, counted from 0."),
        ({"map": {"snail": "snail"}, "target": "fine"}, "Valid: label."),
    ],
)
def test_a_class_that_is_not_there_is_an_error_that_names_the_nearest(keys, said):
    assert said in refused(**keys)


def test_an_id_for_a_dataset_without_ids_is_an_error():
    with pytest.raises(LabelMapError, match="no WordNet ids"):
        checked(theirs=("snail", "crane"), map={"n01944390": "snail"})


def test_a_dataset_whose_classes_are_numbers_is_mapped_by_them_as_names():
    digits = tuple(map(str, range(10)))
    found = check_map(WrittenMap(map={"3": "3", "8": "8"}), digits, {"label": digits}, "digits")
    assert found.readings == {"as written": {3: 3, 8: 8}}
