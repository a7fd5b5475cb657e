"""What a class is called, compared as words: `n02124075 Egyptian cat` and `egyptian_cats` are one name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

_WNID = re.compile(r"n\d{8}\b")
_NUMBER = re.compile(r"\d+[.\s_]+(?=\D)")  # CUB's `001.Black_footed_Albatross`
_IRREGULAR = {"men": "man", "women": "woman", "mice": "mouse", "geese": "goose", "children": "child",
              "people": "person", "feet": "foot", "teeth": "tooth", "oxen": "ox"}  # fmt: skip
_ES = ("ses", "xes", "zes", "ches", "shes", "oes")

Phrase = tuple[str, ...]


class Agreement(IntEnum):
    """How far two names agree: not in a word; in some word; in the word that says what it is; in all of it."""

    NONE = 0
    WORD = 1
    HEAD = 2
    EXACT = 3


def wordnet_id(name: str) -> str | None:
    """Return the WordNet id that a name begins with, if it does."""
    found = _WNID.match(name.strip())
    return found[0] if found else None


def plain_name(name: str) -> str:
    """Return a name without the WordNet id or number before it; the id itself where there is nothing else."""
    text = name.strip()
    rest = _NUMBER.sub("", _WNID.sub("", text, count=1).strip(), count=1).strip()
    return rest or text


def phrase(name: str) -> Phrase:
    """Split a name into lower-case words, without a WordNet id or number before it."""
    return tuple(re.findall(r"[^\W_]+", plain_name(name).casefold()))


def agreement(names: Iterable[str], other: str) -> Agreement:
    """Say how far the best of one class's `names` agrees with the name of another class."""
    wanted = phrase(other)
    return max((_agree(phrase(name), wanted) for name in names), default=Agreement.NONE)


def _agree(one: Phrase, other: Phrase) -> Agreement:
    if not one or not other:
        return Agreement.NONE
    if (len(one) == len(other) and all(map(_same, one, other))) or _same("".join(one), "".join(other)):
        return Agreement.EXACT
    if _same(_head(one), _head(other)):
        return Agreement.HEAD
    return Agreement.WORD if any(_same(word, its) for word in one for its in other) else Agreement.NONE


def _head(words: Phrase) -> str:
    """Return the word that says what it is: the last, or the one before `of` (king of beasts)."""
    end = words.index("of") if "of" in words[1:] else len(words)
    return words[end - 1]


def _same(one: str, other: str) -> bool:
    return not _forms(one).isdisjoint(_forms(other))


def _forms(word: str) -> set[str]:
    """List a word and what it may be the plural of."""
    forms = {word, _IRREGULAR.get(word, word)}
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        forms.add(word[:-1])
    if word.endswith(_ES):
        forms.add(word[:-2])
    if word.endswith("ies"):
        forms.add(word[:-3] + "y")
    if word.endswith("ves"):
        forms |= {word[:-3] + "f", word[:-3] + "fe"}
    return forms
