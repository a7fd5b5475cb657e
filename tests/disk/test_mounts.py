"""Network file systems are found by the kernel's list of mounts."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from command_line import bench

from bench.disk import mounts
from bench.errors import BenchWarning
from bench.store.store import Store

LINE = "{id} 1 0:{id} / {place} rw,relatime shared:1 - {kind} source rw\n"


def listed(folder: Path, **kinds: str) -> Path:
    """Write a list of mounts: the whole machine is ext4, and these folders below are something else."""
    lines = [LINE.format(id=1, place="/", kind="ext4")]
    for number, (name, kind) in enumerate(kinds.items(), 2):
        place = str(folder / name.replace("_", " ")).replace(" ", "\\040")
        lines.append(LINE.format(id=number, place=place, kind=kind))
    found = folder / "mountinfo"
    found.write_text("".join(lines) + "a line that makes no sense\n")
    return found


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "lustre", "fuse.s3fs", "ceph"]
)
def test_a_folder_below_a_network_mount_is_on_it(tmp_path, kind):
    known = listed(tmp_path, far_away=kind)
    assert mounts.network_file_system(tmp_path / "far away" / "deep" / "runs.db", known) == kind
    assert mounts.network_file_system(tmp_path / "far awayer", known) == ""


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "fuse.ntfs-3g", "fuseblk"])
def test_a_local_file_system_is_none(tmp_path, kind):
    assert mounts.network_file_system(tmp_path / "near", listed(tmp_path, near=kind)) == ""


def test_the_innermost_mount_counts(tmp_path):
    known = listed(tmp_path, **{"a": "nfs4", "a/local": "ext4"})
    assert mounts.network_file_system(tmp_path / "a" / "local" / "runs.db", known) == ""
    assert mounts.network_file_system(tmp_path / "a" / "runs.db", known) == "nfs4"


def test_a_link_is_where_it_leads(tmp_path):
    known = listed(tmp_path, far="nfs4")
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far")
    assert mounts.network_file_system(tmp_path / "link" / "runs.db", known) == "nfs4"


def test_this_machines_own_list_is_understood():
    assert isinstance(mounts.network_file_system(Path("/proc")), str)


def test_a_database_over_a_network_is_warned_of_when_it_is_opened_and_by_the_doctor(tmp_path, monkeypatch):
    (tmp_path / "far").mkdir()
    monkeypatch.setattr(mounts.network_file_system, "__defaults__", (listed(tmp_path, far="nfs4"),))
    db = tmp_path / "far" / "runs.db"
    with pytest.warns(BenchWarning, match=r"network file system \(nfs4\)"):
        Store.open(db).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Store.open(tmp_path / "runs.db").close()
    said = bench("runs", "--db", db).stderr
    assert said.count("network file system") == 1
    assert said.startswith("warning: The folder of the database")
    findings = {one["what"]: one for one in bench("doctor", "--db", db, "--json").data}
    assert "nfs4" in findings["place of the database"]["found"]
    assert findings["SQLite's write-ahead log"]["found"].startswith("SQLite 3.")
