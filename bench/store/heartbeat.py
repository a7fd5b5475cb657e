"""Keeps the leases of runs while they train, however long an epoch takes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from bench.errors import StoreError
from bench.store.failures import LeaseLostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.store.claims import Claim
    from bench.store.store import Store

EVERY_S = 15.0


class Heartbeat:
    """Renews claims' leases in the background, every `every_s` seconds, for as long as a `with` block lasts.

    A run that has ended meanwhile, or that another worker has taken over, is left alone.
    """

    def __init__(self, store: Store, claims: Sequence[Claim], every_s: float = EVERY_S) -> None:
        self._store, self._claims, self._every_s = store, list(claims), every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{claims[0].run_id[:12]}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._every_s):
            for claim in list(self._claims):
                try:
                    self._store.heartbeat(claim)
                except LeaseLostError:  # it has ended, or another worker has it: the next record tells
                    self._claims.remove(claim)
                except StoreError:  # locked, or full: the next beat may work, and the next record tells if not
                    continue
