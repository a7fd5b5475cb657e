from __future__ import annotations

import pytest

from bench.disk.atomic import atomic_file, atomic_folder


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [item.name for item in path.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("before")

    def fail():
        with atomic_file(path) as temporary:
            temporary.write_text("half")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own
        fail()
    assert path.read_text() == "before"
    assert [item.name for item in tmp_path.iterdir()] == ["file.txt"]


def test_a_folder_appears_whole_and_the_first_of_two_stays(tmp_path):
    path = tmp_path / "folder"
    with atomic_folder(path) as first:
        (first / "a").write_text("first")
        with atomic_folder(path) as second:
            (second / "a").write_text("second")
        assert (path / "a").read_text() == "second"
    assert (path / "a").read_text() == "second"
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


def test_files_and_folders_have_the_permissions_of_ordinary_ones(tmp_path):
    (tmp_path / "ordinary.txt").touch()
    (tmp_path / "ordinary").mkdir()
    with atomic_file(tmp_path / "file.txt"), atomic_folder(tmp_path / "folder"):
        pass
    for name, like in (("file.txt", "ordinary.txt"), ("folder", "ordinary")):
        assert (tmp_path / name).stat().st_mode == (tmp_path / like).stat().st_mode
