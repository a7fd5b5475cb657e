from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.report.export.file_names import file_names, sibling_paths


@given(st.lists(st.text(max_size=300)))
def test_names_are_safe_and_differ_whatever_the_case(texts):
    names = file_names(texts)
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        assert name.strip(".-") == name != ""
        assert not set(name) & set('/\\\0:*?"<>| ')


def test_a_plain_text_is_its_own_name():
    assert file_names(["fine", "fine", "Fine", "fine-2", "a b"]) == ["fine", "fine-2", "Fine-3", "fine-2-2", "a-b"]


def test_several_pictures_are_not_written_beside_a_device():
    assert sibling_paths(Path("/dev/null"), ["one"]) == [Path("/dev/null")]
    assert sibling_paths(Path("a.png"), ["one", "two"]) == [Path("a-one.png"), Path("a-two.png")]
    with pytest.raises(BenchError, match="2 pictures cannot be written into /dev/null"):
        sibling_paths(Path("/dev/null"), ["one", "two"])
