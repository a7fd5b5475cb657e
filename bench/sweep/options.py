"""Options of training that sweeps, searches and studies share. Importing this module is cheap."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from bench.errors import BenchError, unknown_name
from bench.hardware.device_names import check_device_name

if TYPE_CHECKING:
    from bench.spec import BackendName

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Options of training as a user writes them: paths, device, backend, cache and limits.

    `db` is a path or URL (None: `BENCH_DB`, or `runs.db`); `keep` is whether trained parameters are kept (None: if
    they take at most 16 MiB); `cache_budget` and `time_limit` are texts such as `20GB` and `1h30m`.
    """

    db: str | None = None
    registry: Sequence[Path] = ()
    data_root: Path | None = None
    download: bool = True
    device: str = "auto"
    backend: str = "eager"
    cache_budget: str = "20GB"
    workers: int | None = None
    keep: bool | None = None
    time_limit: str | None = None
    retry: str = "failed"

    @property
    def limit_s(self) -> float | None:
        """The time limit in seconds."""
        return parse_duration(self.time_limit)

    @property
    def cache_bytes(self) -> int:
        """The room for kept activations, in bytes; 0 keeps none."""
        return parse_bytes(self.cache_budget)

    @property
    def retried(self) -> frozenset[str]:
        """The statuses of runs that are tried again."""
        return parse_retry(self.retry)

    @property
    def backend_name(self) -> BackendName:
        """The backend of the frozen pass, or `auto`."""
        return parse_backend(self.backend)

    @property
    def frozen_backend(self) -> BackendName:
        """The backend that runs are planned with: without a cache it does not matter, and is eager."""
        return self.backend_name if self.cache_bytes else "eager"

    def check(self) -> None:
        """Raise BenchError for the first option that cannot be read."""
        check_device_name(self.device)
        _ = self.limit_s, self.cache_bytes, self.retried, self.backend_name


def parse_duration(text: str | None) -> float | None:
    """Read 90s, 30m, 2h or 1h30m as seconds."""
    if text is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(n + u for n, u in parts) != text.strip():
        raise BenchError(
            f"Cannot read the time {text!r}.", "It has no unit, or an unknown one.", "Write 90s, 30m or 2h."
        )
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def parse_bytes(text: str) -> int:
    """Read 20GB, 500MB or a number of bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not found:
        raise BenchError(f"Cannot read the size {text!r}.", "It is no number of bytes.", "Write 20GB or 500MB.")
    return int(Decimal(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))


def parse_retry(text: str) -> frozenset[str]:
    """Read which runs that ended badly are tried again: `failed`, `diverged`, both with a comma, or `none`."""
    from bench.store.claims import ENDED_BADLY  # noqa: PLC0415 - importing the options stays light

    words = {word.strip().lower() for word in text.split(",")}
    for word in words - {*ENDED_BADLY, "none"}:
        raise unknown_name("kind of run to try again", word, [*ENDED_BADLY, "none"], BenchError)
    if "none" in words and len(words) > 1:
        raise BenchError(f"Cannot read --retry {text}.", "`none` stands alone.", "Write failed,diverged or none.")
    return frozenset(words - {"none"})


def parse_backend(text: str) -> BackendName:
    """Read the name of a backend of the frozen pass. Raises BenchError for an unknown one."""
    from bench.spec import BackendName  # noqa: PLC0415 - importing the options stays light

    found: BackendName | None = next((name for name in get_args(BackendName) if name == text), None)
    if found is None:
        raise unknown_name("backend", text, get_args(BackendName), BenchError)
    return found
