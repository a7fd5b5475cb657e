"""A site that follows its database: written again when that has changed; files that are the same stay."""

from __future__ import annotations

from pathlib import Path

from bench.report.site.build import Progress, Wanted, build_site
from bench.report.site.folder import site_files
from bench.store.changes import Stamp, stamp
from bench.store.store import Store


class LiveSite:
    """Builds a site again and again. `build` counts how often; `changed` says which build each file is of."""

    def __init__(self, store: Store, folder: Path, wanted: Wanted) -> None:
        self.build, self.changed = 0, dict[str, int]()
        self._store, self._folder, self._wanted = store, folder, wanted
        self._built_from: Stamp | None = None

    def is_behind(self) -> bool:
        """Say whether the database has changed since the last build. Raises StoreError where it cannot be read."""
        self._store.end_lost()
        return stamp(self._store.sessions) != self._built_from

    def update(self, progress: Progress | None = None) -> int:
        """Build the site from what the database has now; return how many files that changed.

        Raises BenchError where that fails; the site is then as it was.
        """
        now = stamp(self._store.sessions)  # before it is read: what comes meanwhile is for the next build
        changed = build_site(self._store, self._folder, self._wanted, progress)
        self.build, self._built_from = self.build + 1, now
        self.changed = {
            path: self.build if path in changed else self.changed.get(path, self.build)
            for path in site_files(self._folder)
        }
        return len(changed)
