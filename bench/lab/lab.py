"""A database of runs, and all that can be done with it, from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from bench.api import compare, leaderboard, load_run, load_runs
from bench.lab.keywords import PlanKeywords, TrainKeywords, options_of
from bench.report.board.query import Query
from bench.store.store import Store
from bench.sweep.options import TrainOptions

if TYPE_CHECKING:
    import pandas as pd

    from bench.report.export.ranking import Leaderboard
    from bench.report.look.compare import Comparison
    from bench.report.run.details import RunDetails
    from bench.report.run.ensemble_details import EnsembleDetails
    from bench.sweep.session import Session, Swept
    from bench.tune.session import Found

    Where = str | os.PathLike[str] | None


class Lab:
    """A database of runs, and all that can be done with it: plan, train, rank, compare, combine, report.

    Methods take the options of the command of their name as keywords. What is wrong with one raises BenchError,
    whose three sentences say what, why and what to do.
    """

    def __init__(
        self,
        db: Where = None,
        *,
        registry: Sequence[str | os.PathLike[str]] = (),
        data_root: str | os.PathLike[str] | None = None,
        device: str = "auto",
    ) -> None:
        self.db = None if db is None else os.fspath(db)
        self._registry = [Path(folder) for folder in registry]
        self._data_root = None if data_root is None else Path(data_root)
        self._options = TrainOptions(db=self.db, registry=self._registry, data_root=self._data_root, device=device)

    def __repr__(self) -> str:
        return f"<lab of {self.db or os.environ.get('BENCH_DB', 'runs.db')}>"

    def plan(self, dataset: str, **options: Unpack[PlanKeywords]) -> pd.DataFrame:
        """Return the runs that fit a budget as a data frame, cheapest first; nothing is downloaded or trained.

        Its columns are those of a run in `bench plan --json`, `attrs["forecast"]` has the whole plan's cost and
        `attrs["rejected"]` what does not fit and why.

        >>> list(lab.plan("digits", budget="5M", backbones="tf_efficientnet_lite0,resnet18")["strategy"])
        ['linear', 'last_blocks(1)+norm', 'full']
        """
        from bench.report.export.frames import to_frame  # noqa: PLC0415 - pandas is slow to import
        from bench.report.terminal.plan_list import plan_record  # noqa: PLC0415 - only for plans

        asked, _ = options_of(options, PlanKeywords)
        session = self._session()
        source = session.source(session.find(dataset, asked))
        plan = session.plan(source, asked)
        record = plan_record(plan, *session.forecast_runs(plan, source))
        frame = to_frame(record["runs"])
        frame.attrs.update(forecast=record["forecast"], rejected=record["rejected"])
        return frame

    def sweep(
        self, dataset: str, *, limit: int | None = None, prune: bool = False, **options: Unpack[TrainKeywords]
    ) -> Swept:
        """Train what fits a budget and is not done yet, as `bench sweep` does, with a progress bar.

        >>> lab.sweep("digits", backbones="tf_efficientnet_lite0", strategies="linear", set={"lr": [0.001, 0.01]},
        ...           image_size=32, epochs=2).planned
        2
        """
        asked, train = options_of(options, TrainKeywords)
        return self._session(**train).sweep(dataset, asked, limit=limit, prune=prune)

    def tune(
        self,
        dataset: str,
        *,
        space: Mapping[str, str] | Sequence[str] = (),
        trials: int = 20,
        sampler: str = "tpe",
        metric: str = "val_top1",
        seed: int = 0,
        name: str | None = None,
        prune: bool = False,
        together: int = 1,
        **options: Unpack[TrainKeywords],
    ) -> Found:
        """Search for a good recipe by validation alone, as `bench tune` does.

        `space` maps a key to its domain: `{"lr": "log:1e-4..1e-1"}`. The result has the best trial and the command
        that repeats it.

        >>> found = lab.tune("digits", backbones="tf_efficientnet_lite0", strategies="linear", trials=2,
        ...                  space={"lr": "log:1e-3..1e-1"}, image_size=32, epochs=2)
        >>> len(found.result["trials"])
        2
        """
        from bench.commands.display.notebook_observer import NotebookTuneObserver  # noqa: PLC0415 - torch
        from bench.tune.options import SearchOptions  # noqa: PLC0415 - beside it
        from bench.tune.session import Tuning  # noqa: PLC0415 - torch

        texts = [f"{key}={domain}" for key, domain in space.items()] if isinstance(space, Mapping) else space
        search = SearchOptions(
            space=texts,
            trials=trials,
            sampler=sampler,
            metric=metric,
            seed=seed,
            name=name,
            prune=prune,
            together=together,
        )
        asked, train = options_of(options, TrainKeywords)
        asked = replace(asked, recipes=asked.recipes or ("default",))
        return Tuning(self._session(**train), dataset, asked, search).search(NotebookTuneObserver())

    def leaderboard(self, **filters: Any) -> Leaderboard:
        """Rank what was trained: `bench.leaderboard` with the same keywords.

        >>> lab.leaderboard(dataset="digits")[0].entries[0].rank
        1
        """
        return leaderboard(self.db, **filters)

    def runs(self, **filters: Any) -> pd.DataFrame:
        """Return one row per run as a data frame: `bench.load_runs` with the same keywords.

        >>> set(lab.runs()["status"])
        {'done'}
        """
        return load_runs(self.db, **filters)

    def show(self, run: str) -> RunDetails:
        """Return all that is known of the run whose id begins with `run`.

        >>> lab.show(lab.runs()["run_id"][0]).row.status
        'done'
        """
        return load_run(run, self.db)

    def compare(self, first: str, second: str) -> Comparison:
        """Compare two finished runs on the same test images, with a paired test.

        >>> one, other = lab.runs()["run_id"][:2]
        >>> len(lab.compare(one, other).heads)
        1
        """
        return compare(first, second, self.db)

    def ensemble(
        self,
        *runs: str,
        rule: str | None = None,
        budget: str | None = None,
        pool: bool = False,
        dataset: str | None = None,
        target: str | None = None,
        backbone: str | None = None,
        strategy: str | None = None,
        most: int | None = None,
    ) -> EnsembleDetails:
        """Combine finished runs of the same test set from their kept predictions, and record the ensemble.

        >>> details = lab.ensemble(*lab.runs()["run_id"][:2])
        >>> len(details.members)
        2
        """
        from bench.commands.ensembling import Filters, Options, combine  # noqa: PLC0415 - only for ensembles

        filters = Filters(dataset=dataset, target=target, backbone=backbone, strategy=strategy)
        options = Options(
            runs=[*runs],
            rule=rule,
            budget=budget,
            pool=pool,
            filters=filters,
            most=most,
            db=self.db,
            registry=self._registry,
        )
        return combine(options)

    def report(
        self, output: str | os.PathLike[str] = "reports/report", *, title: str = "", **filters: Any
    ) -> Path:
        """Write the report as a site into a folder, and return its first page.

        >>> lab.report("site", title="Digits").name
        'index.html'
        """
        from bench.commands.report import gather  # noqa: PLC0415 - jinja2, only for reports
        from bench.commands.report_images import ImagesAtHand  # noqa: PLC0415 - the same
        from bench.report.site.build import write_site  # noqa: PLC0415 - the same
        from bench.report.site.chosen import PAGES  # noqa: PLC0415 - the same

        images = ImagesAtHand(self._registry, self._data_root)
        wanted = gather(Query(**filters), title, self._registry, images, pages=PAGES)
        with Store.open(self.db, create=False) as store:
            return write_site(store, Path(output), wanted)

    def _session(self, **options: Any) -> Session:
        from bench.commands.display.notebook_observer import NotebookObserver  # noqa: PLC0415 - torch
        from bench.sweep.session import Session  # noqa: PLC0415 - torch

        return Session(replace(self._options, **options), NotebookObserver())


def open(  # noqa: A001 - `bench.open`, as `PIL.Image.open`
    db: Where = None,
    *,
    registry: Sequence[str | os.PathLike[str]] = (),
    data_root: str | os.PathLike[str] | None = None,
    device: str = "auto",
) -> Lab:
    """Return the lab of a database, by its path or URL (None: `BENCH_DB`, or `runs.db`).

    The database is made by the first sweep. `registry`, `data_root` and `device` are the options of the commands.
    """
    return Lab(db, registry=registry, data_root=data_root, device=device)
