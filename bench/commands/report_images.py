"""The test images that the pages of runs show: of datasets that are on this machine, as the runs saw them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.run_dataset import open_run_dataset
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.data.datasets import Dataset
    from bench.report.site.material import Images
    from bench.spec import DatasetSpec
    from bench.store.rows import StoredRun


class ImagesAtHand:
    """Finds the test images of a run's dataset where that is on this machine; nothing is downloaded."""

    def __init__(self, registry: list[Path] | None, data_root: Path | None) -> None:
        self._registry, self._data_root = registry, data_root
        self._missing: dict[str, str] = {}
        self._found: dict[tuple[str, str | None], Dataset | None] = {}

    def __call__(self, run: StoredRun) -> Images | None:
        """Return the images of the dataset that a run saw; None where it is not here, or not the same."""
        from pydantic import ValidationError

        try:
            spec = run.spec
        except ValidationError:
            self._missing[run.row.dataset] = "Another version of bench wrote the run."
            return None
        seen = (run.row.dataset, run.row.fingerprint)
        if seen not in self._found:
            self._found[seen] = self._open(spec.dataset)
        dataset = self._found[seen]
        return dataset.images("test", spec.transform).image if dataset else None

    def say_missing(self, console: Console) -> None:
        """Say once of each dataset why its images are not shown."""
        for name, why in self._missing.items():
            console.print(f"note: The images of {name} are not shown. {why}", style="yellow", soft_wrap=True)
        self._missing.clear()

    def _open(self, spec: DatasetSpec) -> Dataset | None:
        try:
            return open_run_dataset(spec, None, self._registry, self._data_root)
        except BenchError as error:
            self._missing[spec.name] = f"{error.what} {error.why}"
        return None


class NoImages(ImagesAtHand):
    """Finds none, for a report that is to show none."""

    def __init__(self) -> None:
        super().__init__(None, None)

    def __call__(self, run: StoredRun) -> None:
        """Return None, whatever is here."""
