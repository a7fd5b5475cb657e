"""The command that started this process, as records keep it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def command_line() -> str:
    """Return the command that started this process, as a shell would take it."""
    return shlex.join([Path(sys.argv[0]).name.replace("__main__.py", "bench"), *sys.argv[1:]])
