from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import stat
import subprocess
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.data.sources.archives import unpack
from bench.data.sources.tar_index import TarIndex
from bench.errors import DataError

OUTSIDE = [
    "../evil.txt",
    "a/../../evil.txt",
    "/outside/evil.txt",
    "C:\\evil.txt",
    "..\\evil.txt",
    "\\\\host\\evil.txt",
]
NO_FILES = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}


def tar_with(path, *members, mode="w"):
    with tarfile.open(path, mode) as tar:
        for member in members:
            data = b"content" if member.isreg() else b""
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def special(kind):
    member = tarfile.TarInfo("folder/trap")
    member.type, member.linkname = kind, "/etc/passwd"
    return member


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_a_member_that_leads_outside_is_refused_by_name_and_nothing_is_written(name, suffix, tmp_path):
    archive = tmp_path / f"data{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as bundle:
            bundle.writestr("good.txt", "good")
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            bundle.writestr(info, "evil")
    else:
        mode = "w:gz" if suffix == ".tgz" else "w"
        tar_with(archive, tarfile.TarInfo("good.txt"), tarfile.TarInfo(name), mode=mode)
    with pytest.raises(DataError) as caught:
        unpack([archive], tmp_path / "home" / "out")
    assert "evil.txt" in caught.value.why
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted([archive.name, "home"])


@pytest.mark.parametrize("kind", NO_FILES.values(), ids=NO_FILES.keys())
def test_a_link_or_device_in_a_tar_is_refused_unpacked_or_in_place(kind, tmp_path):
    archive = tar_with(tmp_path / "data.tar", tarfile.TarInfo("good.txt"), special(kind))
    with pytest.raises(DataError, match=r"folder/trap.*link or a device"):
        unpack([archive], tmp_path / "out")
    with pytest.raises(DataError, match=r"folder/trap.*link or a device"):
        TarIndex(archive)
    assert not (tmp_path / "out").exists()


def test_a_link_in_a_zip_is_refused(tmp_path):
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        info = zipfile.ZipInfo("trap")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        bundle.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match=r"trap.*link"):
        unpack([archive], tmp_path / "out")


@pytest.mark.parametrize("suffix", [".tar", ".tgz", ".zip"])
def test_a_cut_off_archive_is_an_error_that_names_it_and_leaves_nothing(suffix, tmp_path):
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 400)
    archive = tmp_path / f"data{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as bundle:
            bundle.write(tmp_path / "big.bin", "big.bin")
    else:
        with tarfile.open(archive, "w:gz" if suffix == ".tgz" else "w") as tar:
            tar.add(tmp_path / "big.bin", "big.bin")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError) as caught:
        unpack([archive], tmp_path / "home" / "out")
    assert str(archive) in caught.value.what
    assert list((tmp_path / "home").iterdir()) == []


def test_one_wrong_byte_in_a_tgz_is_found_though_its_members_end_before_the_checksum(tmp_path):
    (tmp_path / "noise.bin").write_bytes(os.urandom(100_000))
    with tarfile.open(tmp_path / "data.tgz", "w:gz", compresslevel=0) as tar:
        tar.add(tmp_path / "noise.bin", "noise.bin")
    content = bytearray((tmp_path / "data.tgz").read_bytes())
    content[60_000] ^= 1
    (tmp_path / "data.tgz").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.tgz is damaged"):
        unpack([tmp_path / "data.tgz"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_zip_member_is_found_by_its_checksum(tmp_path):
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("a.txt", "aaaa")
    archive.write_bytes(archive.read_bytes().replace(b"aaaa", b"aaab"))
    with pytest.raises(DataError, match="damaged"):
        unpack([archive], tmp_path / "out")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_damaged_data_of_any_compression_is_called_damaged_and_not_a_full_disk(method, tmp_path):
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w", method) as bundle:
        bundle.writestr("noise.bin", os.urandom(50_000))
    content = bytearray(archive.read_bytes())
    content[60:20_000] = bytes(19_940)
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"data\.zip is damaged"):
        unpack([archive], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", ["w:bz2", "w:xz"])
def test_a_damaged_tar_of_another_compression_than_its_name_says_is_called_damaged(mode, tmp_path):
    archive = tmp_path / "data.tgz"
    (tmp_path / "noise.bin").write_bytes(os.urandom(2_000_000))
    with tarfile.open(archive, mode) as tar:
        tar.add(tmp_path / "noise.bin", "noise.bin")
    content = bytearray(archive.read_bytes())
    content[1_500_000:1_500_100] = bytes(100)
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"data\.tgz is damaged"):
        unpack([archive], tmp_path / "out")


def test_archives_and_plain_files_come_together_in_one_folder(tmp_path):
    one = tar_with(tmp_path / "one.tgz", tarfile.TarInfo("images/a.jpg"), mode="w:gz")
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as bundle:
        bundle.writestr("lists/b.txt", "b")
    (tmp_path / "c.mat").write_text("c")
    out = unpack([one, two, tmp_path / "c.mat"], tmp_path / "home" / "out")
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert found == ["c.mat", "images/a.jpg", "lists/b.txt"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_unpacking_the_same_archive_at_once_gives_one_whole_folder(tmp_path):
    members = [tarfile.TarInfo(f"folder/{number}.txt") for number in range(200)]
    archive = tar_with(tmp_path / "data.tgz", *members, mode="w:gz")
    with ThreadPoolExecutor(4) as pool:
        outs = list(pool.map(lambda _: unpack([archive], tmp_path / "home" / "out"), range(4)))
    assert len(list(outs[0].rglob("*.txt"))) == 200
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["out"]


def test_a_place_that_cannot_be_written_to_is_an_error_that_names_it(tmp_path):
    archive = tar_with(tmp_path / "data.tar", tarfile.TarInfo("a.txt"))
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="BENCH_HOME"):
        unpack([archive], tmp_path / "home" / "out")


@pytest.fixture
def indexed(tmp_path):
    path = tmp_path / "data.tar"
    contents = {f"folder/{number}.bin": bytes([number]) * (number * 37 + 1) for number in range(50)}
    with tarfile.open(path, "w") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return TarIndex(path), contents


def read_all(index):
    return {name: index.read(name) for name in index.members}


def test_a_tar_is_read_in_place_by_many_threads_at_once(indexed):
    index, contents = indexed
    with ThreadPoolExecutor(8) as pool:
        assert all(found == contents for found in pool.map(lambda _: read_all(index), range(32)))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_another_process_reads_the_same_tar(indexed, method):
    index, contents = indexed
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(read_all, [index, index]) == [contents, contents]
    assert read_all(index) == contents


def test_a_pickled_index_opens_the_tar_for_itself(indexed):
    index, contents = indexed
    copy = pickle.loads(pickle.dumps(index))  # noqa: S301 - our own bytes
    del index
    assert read_all(copy) == contents


def test_a_compressed_or_cut_off_tar_is_not_read_in_place(indexed, tmp_path):
    index, _ = indexed
    whole = index.path.read_bytes()
    (tmp_path / "zipped.tar").write_bytes(
        subprocess.run(["gzip", "-c"], input=whole, capture_output=True, check=True).stdout
    )
    (tmp_path / "short.tar").write_bytes(whole[:2000])
    for name in ("zipped.tar", "short.tar"):
        with pytest.raises(DataError, match=name):
            TarIndex(tmp_path / name)


def test_a_tar_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(DataError, match=r"gone\.tar"):
        TarIndex(tmp_path / "gone.tar")


def test_a_tar_that_shrinks_after_it_was_indexed_is_an_error_that_names_the_member(indexed):
    index, _ = indexed
    with index.path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match=r"folder/40\.bin"):
        index.read("folder/40.bin")


def test_a_sparse_member_is_refused_in_place(tmp_path):
    with (tmp_path / "sparse.bin").open("wb") as file:
        file.truncate(1 << 20)
        file.write(b"end")
    subprocess.run(["tar", "--sparse", "-cf", "data.tar", "sparse.bin"], cwd=tmp_path, check=True)
    with pytest.raises(DataError, match=r"sparse\.bin.*sparse"):
        TarIndex(tmp_path / "data.tar")
