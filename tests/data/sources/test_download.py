from __future__ import annotations

import functools
import hashlib
import http.server
import socket
import threading

import pytest
from dataset_layouts import BUILDERS, pack

from bench.data.datasets import open_dataset
from bench.data.sources.checksums import verify
from bench.data.sources.download import fetch
from bench.data.sources.locating import command_line, locate
from bench.errors import DataError
from bench.registry.entries import DatasetEntry, FileEntry


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def site(tmp_path):
    """A folder and the address that it is served at."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def file_entry(path, address, algorithm="sha256", checksum=None):
    found = hashlib.new(algorithm, path.read_bytes()).hexdigest() if path.exists() else "0" * 64
    return FileEntry(name=path.name, url=f"{address}/{path.name}", checksum=f"{algorithm}:{checksum or found}")


def dataset(*files):
    return DatasetEntry(name="flock", reader="cub", num_classes=3, files=files, how_to_get="Or ask the makers.")


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_file_is_fetched_verified_and_put_below_the_data_root(site, tmp_path, algorithm, capfd):
    folder, address = site
    (folder / "birds.bin").write_bytes(b"x" * 200_000)
    seen = []
    entry = dataset(file_entry(folder / "birds.bin", address, algorithm))
    place = fetch(entry, tmp_path / "root", lambda *report: seen.append(report))
    assert place == tmp_path / "root" / "flock"
    assert (place / "birds.bin").read_bytes() == b"x" * 200_000
    assert seen[-1] == ("fetching birds.bin", 200_000, 200_000)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert capfd.readouterr() == ("", "")


def test_without_a_root_a_file_goes_to_the_tools_own_folder(site, home):
    folder, address = site
    (folder / "birds.bin").write_bytes(b"birds")
    assert fetch(dataset(file_entry(folder / "birds.bin", address))) == home / "data" / "flock"


def fails(entry, root):
    with pytest.raises(DataError) as caught:
        fetch(entry, root)
    leftovers = [path for path in (root / "flock").rglob("*") if path.is_file()] if root.exists() else []
    assert leftovers == []
    return caught.value


def assert_says_what_to_do(error, entry, root):
    assert entry.files[0].url in error.todo
    assert str(root / "flock" / entry.files[0].name) in error.todo
    assert command_line() in error.todo
    assert "Or ask the makers." in error.todo


def test_a_file_with_another_checksum_is_thrown_away_and_reported(site, tmp_path):
    folder, address = site
    (folder / "birds.bin").write_bytes(b"not the birds")
    entry = dataset(file_entry(folder / "birds.bin", address, checksum="1" * 64))
    error = fails(entry, tmp_path / "root")
    assert "not the published file" in error.why
    assert_says_what_to_do(error, entry, tmp_path / "root")


def test_a_missing_file_says_what_to_fetch_where_to_put_it_and_what_to_run(site, tmp_path):
    folder, address = site
    entry = dataset(file_entry(folder / "gone.bin", address))
    error = fails(entry, tmp_path / "root")
    assert "404" in error.why
    assert_says_what_to_do(error, entry, tmp_path / "root")


def test_a_host_that_refuses_says_what_to_fetch_where_to_put_it_and_what_to_run(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        entry = dataset(file_entry(tmp_path / "birds.bin", address))
        error = fails(entry, tmp_path / "root")
    assert "refused" in error.why
    assert_says_what_to_do(error, entry, tmp_path / "root")


def test_a_connection_that_breaks_off_leaves_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            peer, _ = server.accept()
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly a few")
            peer.close()

        threading.Thread(target=answer, daemon=True).start()
        entry = dataset(file_entry(tmp_path / "birds.bin", f"http://127.0.0.1:{server.getsockname()[1]}"))
        assert_says_what_to_do(fails(entry, tmp_path / "root"), entry, tmp_path / "root")


def test_a_file_without_a_checksum_is_never_fetched(site, tmp_path):
    folder, address = site
    (folder / "birds.bin").write_bytes(b"birds")
    entry = dataset(FileEntry(name="birds.bin", url=f"{address}/birds.bin"))
    assert "no checksum" in fails(entry, tmp_path / "root").why


def test_a_file_that_is_there_is_not_fetched_again_but_verified(site, tmp_path):
    folder, address = site
    (folder / "birds.bin").write_bytes(b"birds")
    entry = dataset(file_entry(folder / "birds.bin", address))
    fetch(entry, tmp_path / "root")
    (folder / "birds.bin").unlink()
    fetch(entry, tmp_path / "root")
    (tmp_path / "root" / "flock" / "birds.bin").write_bytes(b"other birds")
    with pytest.raises(DataError, match="not the published one"):
        fetch(entry, tmp_path / "root")


def test_an_unfinished_download_is_no_dataset(site, tmp_path):
    folder, address = site
    for name in ("a.bin", "b.bin"):
        (folder / name).write_text(name)
    files = [file_entry(folder / name, address) for name in ("a.bin", "b.bin")]
    (folder / "b.bin").unlink()
    entry = dataset(*files)
    with pytest.raises(DataError, match=r"b\.bin"):
        fetch(entry, tmp_path / "root")
    assert locate(entry, tmp_path / "root") is None
    (folder / "b.bin").write_text("b.bin")
    fetch(entry, tmp_path / "root")
    assert locate(entry, tmp_path / "root") == tmp_path / "root" / "flock"


@pytest.mark.parametrize("reader", ["cub", "flowers102", "cifar10", "tiny_imagenet"])
def test_a_dataset_is_fetched_unpacked_and_opened_in_one_call(site, tmp_path, reader):
    folder, address = site
    layout = BUILDERS[reader](tmp_path / "made")
    expected = open_dataset(layout.entry, data_root=tmp_path / "made").manifest
    suffix = ".zip" if reader == "tiny_imagenet" else ".tgz"
    paths = [pack(layout.folder, folder / f"data{suffix}")]
    if reader == "flowers102":  # published as an archive and two files beside it
        paths = [pack(layout.folder / "jpg", folder / "data.tgz"), *sorted(layout.folder.glob("*.mat"))]
        for path in paths[1:]:
            path.rename(folder / path.name)
        paths[1:] = [folder / path.name for path in paths[1:]]
    files = tuple(file_entry(path, address) for path in paths)
    entry = layout.entry.model_copy(update={"files": files, "locations": ()})
    with pytest.raises(DataError, match="Leave out --no-download"):
        open_dataset(entry, data_root=tmp_path / "root")
    assert open_dataset(entry, data_root=tmp_path / "root", download=True).manifest == expected
    assert open_dataset(entry, data_root=tmp_path / "root").manifest == expected


def test_an_archive_put_there_by_hand_is_verified_before_it_is_opened(tmp_path):
    (tmp_path / "birds.tgz").write_bytes(b"no archive at all")
    checked = FileEntry(name="birds.tgz", checksum="md5:" + "2" * 32)
    entry = dataset(checked).model_copy(update={"locations": ("birds.tgz",)})
    with pytest.raises(DataError, match="not the published one"):
        open_dataset(entry, data_root=tmp_path)


def test_any_of_the_published_checksums_will_do(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    other = "sha256:" + hashlib.sha256(b"a").hexdigest()
    verify(tmp_path / "a", FileEntry(name="a", checksum="md5:" + "0" * 32, also=(other,)))
    with pytest.raises(DataError):
        verify(tmp_path / "a", FileEntry(name="a", checksum="md5:" + "0" * 32))


def test_a_checksum_of_an_unknown_kind_is_an_error_of_the_registry(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(DataError, match="crc32"):
        verify(tmp_path / "a", FileEntry(name="a", checksum="crc32:00"))
