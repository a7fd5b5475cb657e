"""Archives that would fill a disk, and archives of something else: refused, and nothing is left."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from bench.data.datasets import folder_entry
from bench.data.sources import archives
from bench.data.sources.archives import unpack
from bench.disk.home import bench_home
from bench.errors import DataError

GIB = 1 << 30


def bomb(path: Path, size: int) -> Path:
    """Write a zip of zeros: it has about a thousandth of the bytes that come out of it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle, bundle.open("zeros.png", "w") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return path


@pytest.fixture(scope="module")
def zeros(tmp_path_factory) -> Path:
    return bomb(tmp_path_factory.mktemp("bomb") / "zeros.zip", GIB + (1 << 20))


def test_a_zip_that_grows_a_thousandfold_is_refused_before_anything_is_written(zeros, tmp_path):
    with pytest.raises(DataError, match="not safe to unpack") as error:
        unpack([zeros], tmp_path / "out")
    assert "times the bytes" in error.value.why
    assert list(tmp_path.iterdir()) == []


def test_a_tar_that_grows_a_thousandfold_is_refused_where_it_becomes_clear(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_SUSPECT_BYTES", 4 << 20)
    path = tmp_path / "zeros.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for number in range(8):
            member = tarfile.TarInfo(f"{number}.png")
            member.size = 1 << 20
            tar.addfile(member, io.BytesIO(bytes(1 << 20)))
    with pytest.raises(DataError, match="not safe to unpack"):
        unpack([path], tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == ["zeros.tgz"]


def test_an_archive_for_which_there_is_no_room_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_SUSPECT_RATIO", 1e12)
    path = tmp_path / "huge.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("a.png", b"x")
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = (0xFFFFFFF0).to_bytes(4, "little")  # the list of members says 4 GiB
    many = tmp_path / "many.zip"
    many.write_bytes(bytes(data))
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1 << 20})())
    with pytest.raises(DataError, match="no room to unpack"):
        unpack([many], tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_an_archive_that_is_no_dataset_leaves_nothing_unpacked(tmp_path, kind):
    path = tmp_path / f"letters.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr("a/letter.txt", "Dear reader")
    else:
        with tarfile.open(path, "w:gz") as tar:
            member = tarfile.TarInfo("a/letter.txt")
            member.size = 4
            tar.addfile(member, io.BytesIO(b"Dear"))
    place = bench_home() / "data"
    before = set(place.glob("*")) if place.exists() else set()
    with pytest.raises(DataError):
        folder_entry(path)
    assert (set(place.glob("*")) if place.exists() else set()) == before
