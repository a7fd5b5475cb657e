"""File systems that reach over a network, on which SQLite's locks and shared memory may not work."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

from bench.errors import BenchWarning

MOUNTS = Path("/proc/self/mountinfo")
_FIELDS = 5  # of /proc/self/mountinfo, proc(5): the fifth is where it is mounted
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|smb2|ncpfs|afs|9p|ceph|lustre|gpfs|beegfs|glusterfs|orangefs|pvfs2|ocfs2|gfs2|davfs"
    r"|coda|panfs|wekafs|virtiofs|vboxsf|vmhgfs|prl_fs|drvfs|fuse\.(?!.*(?:fuseblk|ext|ntfs|lxcfs|portal|snap)).*"
)


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the network file system that a path lies on (`nfs4`, `fuse.sshfs`); empty if on none.

    Known on Linux, from the kernel's list of mounts; elsewhere nothing is found.
    """
    place = os.path.realpath(path)
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    found, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) < _FIELDS or not rest:
            continue
        mount = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(found):  # of two mounts at one place the later one covers the first
            found, kind = mount, rest[0]
    return kind if _NETWORK.fullmatch(kind) else ""


def warn_of_network(path: Path, what: str, consequence: str) -> None:
    """Warn, once in a process, that something lies on a network file system."""
    if kind := network_file_system(path):
        message = f"{what} {path} lies on a network file system ({kind}). {consequence}"
        warnings.warn(BenchWarning(message), stacklevel=2)


DATABASE_CONSEQUENCE = (
    "SQLite's write-ahead log needs shared memory and locks that work: over a network runs may be claimed twice, "
    "and the file may be damaged. Use a local disk (--db, BENCH_DB), or PostgreSQL."
)
CACHE_CONSEQUENCE = (
    "Kept features are memory maps with file locks: they are slow there, and locks may not hold. Let BENCH_HOME "
    "name a folder on a local disk."
)
