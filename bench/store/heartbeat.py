"""Keeps a lease while its run trains, however long an epoch takes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from bench.errors import StoreError
from bench.store.failures import LeaseLostError

if TYPE_CHECKING:
    from bench.store.claims import Claim
    from bench.store.store import Store

EVERY_S = 15.0


class Heartbeat:
    """Renews a claim's lease in the background, every `every_s` seconds, for as long as a `with` block lasts."""

    def __init__(self, store: Store, claim: Claim, every_s: float = EVERY_S) -> None:
        self._store, self._claim, self._every_s = store, claim, every_s
        self._lost: LeaseLostError | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{claim.run_id[:12]}", daemon=True)

    def check(self) -> None:
        """Raise LeaseLostError if another worker has taken the run over: nothing more of it can be recorded."""
        if self._lost is not None:
            raise self._lost

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._store.heartbeat(self._claim)
            except LeaseLostError as error:
                self._lost = error
                return
            except StoreError:  # locked, or full: the next beat may work, and the next record tells if not
                continue
