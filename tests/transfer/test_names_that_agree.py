"""Names of classes are compared as words, so that spelling does not hide what is the same."""

from __future__ import annotations

import pytest

from bench.transfer.class_names import Agreement, agreement, phrase, plain_name, wordnet_id
from bench.transfer.wordnet import definition, lemmas


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n02124075 Egyptian cat", ("egyptian", "cat")),
        ("001.Black_footed_Albatross", ("black", "footed", "albatross")),
        ("T-shirt/top", ("t", "shirt", "top")),
        ("  Lawn-Mower ", ("lawn", "mower")),
        ("n02124075", ("n02124075",)),
        ("7", ("7",)),
        ("", ()),
        ("Äpfel", ("äpfel",)),
    ],
)
def test_a_name_is_its_words_without_the_id_before_it(name, words):
    assert phrase(name) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lawn mower", "lawn_mower"),
        ("lawnmower", "lawn mower"),
        ("Lions", "lion"),
        ("butterflies", "butterfly"),
        ("wolves", "wolf"),
        ("buses", "bus"),
        ("houses", "house"),
        ("glasses", "glass"),
        ("mice", "mouse"),
        ("n01944390 snail", "snails"),
    ],
)
def test_spelling_and_plurals_do_not_tell_names_apart(one, other):
    assert agreement([one], other) is agreement([other], one) is Agreement.EXACT


@pytest.mark.parametrize(
    ("names", "other", "agree"),
    [
        (["soda bottle"], "bottle", Agreement.HEAD),
        (["computer keyboard"], "keyboard", Agreement.HEAD),
        (["king of beasts"], "king", Agreement.HEAD),
        (["oak"], "oak_tree", Agreement.WORD),
        (["orange juice"], "orange", Agreement.WORD),
        (["tarantula"], "spider", Agreement.NONE),
        (["bus"], "bu", Agreement.NONE),
        (["glass"], "glas", Agreement.NONE),
        (["cane"], "can", Agreement.NONE),
        (["pop bottle", "soda bottle"], "soda bottle", Agreement.EXACT),
        ([], "cat", Agreement.NONE),
        (["..."], "...", Agreement.NONE),
    ],
)
def test_names_agree_as_far_as_their_words_do(names, other, agree):
    assert agreement(names, other) is agree


def test_a_wordnet_id_is_found_only_where_a_name_begins_with_one():
    assert wordnet_id("n02124075 Egyptian cat") == "n02124075"
    assert wordnet_id("n021240751 cat") is wordnet_id("cat n02124075") is wordnet_id("cat") is None
    assert plain_name("n02124075 Egyptian cat") == "Egyptian cat"
    assert plain_name("n02124075") == "n02124075"


def test_wordnet_says_what_an_id_is_called_and_means():
    assert lemmas("n03983396") == ("pop bottle", "soda bottle")
    assert definition("n03983396") == "a bottle for holding soft drinks"
    assert lemmas("n99999999") == ()
    assert definition("") == ""
