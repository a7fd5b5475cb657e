"""The store: everything bench keeps in a database, behind one class, the only one that opens a session."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from bench.store import claims, features, history, plans, queries, timings
from bench.store.engine import BUSY_TIMEOUT_S, Database
from bench.store.ensembles import Ensembles
from bench.store.flatten import refuse_not_finite, result_columns, run_columns
from bench.store.heads import Heads, add_heads
from bench.store.location import Location, locate
from bench.store.migrate import ensure_schema
from bench.store.odd_values import remember
from bench.store.sessions import Sessions
from bench.store.stamps import Stamp, add_stamps
from bench.store.sweep_work import SweepWork
from bench.store.transfers import Transfers
from bench.store.worker import Worker, new_worker

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from bench.records.rungs import Standing
    from bench.records.runs import (
        EpochRecord,
        FeaturePass,
        PlannedRun,
        Provenance,
        RunResult,
        SweepRecord,
        ValMetrics,
    )
    from bench.records.timings import Timing
    from bench.spec import Metric
    from bench.store.claims import Claim, Ended
    from bench.store.rows import AttemptRow, Rates, RunRow, StoredRun, SweepRow, TimingSummary


class Store:
    """The runs of one database, for reading and writing; safe to share between threads.

    Every method is one transaction: it happens as a whole or not at all, also when the process is killed or the
    disk is full. Every method raises StoreError where the database fails, DiskFullError where there is no room.
    """

    def __init__(self, database: Database) -> None:
        self._database, self.sessions = database, Sessions(database)

    @classmethod
    def open(
        cls,
        where: str | os.PathLike[str] | None = None,
        *,
        create: bool = True,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """Open a SQLite file by its path or URL, or a PostgreSQL database by its URL.

        `where` None means `BENCH_DB`, or `runs.db` in the working folder. With `create` a database that is not
        there is made; without, it is an error. One of an older schema is copied (SQLite) and upgraded; a read-only
        one is only read. A write waits `busy_timeout_s` seconds at most for another process's (SQLite). Runs whose
        process is gone are recorded as interrupted.
        """
        database = Database(locate(where), create=create, busy_timeout_s=busy_timeout_s)
        try:
            ensure_schema(database, create=create)
        except BaseException:
            database.close()
            raise
        remember(database)
        store = cls(database)
        store.end_lost()
        return store

    @property
    def ensembles(self) -> Ensembles:
        """The ensembles that were made of the runs."""
        return Ensembles(self.sessions)

    @property
    def location(self) -> Location:
        """Where the database is; as text it shows no password."""
        return self._database.location

    @property
    def transfers(self) -> Transfers:
        """The evaluations of runs on other datasets."""
        return Transfers(self.sessions)

    @property
    def sweep_work(self) -> SweepWork:
        """What came of the sweeps: attempts, passes, and which of them planned a run."""
        return SweepWork(self.sessions)

    @property
    def heads(self) -> Heads:
        """What the heads of joint runs measured."""
        return Heads(self.sessions)

    def close(self) -> None:
        """Close every connection. The store is not to be used after that."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plan(self, sweep: SweepRecord, runs: Sequence[PlannedRun]) -> int:
        """Record a sweep and return its number; runs that the database does not know become `planned`.

        Each id in `sweep.run_ids` must be one of `runs` or known already. The same sweep recorded twice is one.
        """
        columns = [run_columns(run) for run in runs]  # hashing takes time, and others wait once we write
        with self.sessions.writing() as session:
            return plans.add_plan(session, sweep, columns, self.sessions.now(session))

    def extend(self, sweep_id: int, runs: Sequence[PlannedRun]) -> None:
        """Add runs to a sweep that finds out what it runs while it is at work."""
        columns = [run_columns(run) for run in runs]
        with self.sessions.writing() as session:
            plans.extend(session, sweep_id, columns, self.sessions.now(session))

    def sweeps(self) -> list[SweepRow]:
        """Return every sweep, oldest first."""
        with self.sessions.reading() as session:
            return plans.sweeps(session)

    def sweep(self, sweep_id: int) -> SweepRecord:
        """Return a sweep as it was recorded. Raises StoreError where there is none of that number."""
        with self.sessions.reading() as session:
            return plans.sweep(session, sweep_id)

    def worker(self) -> Worker:
        """Make the worker of a sweep that begins now in this process: what it claims is leased to it."""
        with self.sessions.reading() as session:
            return new_worker(*queries.attempts_so_far(session))

    def claim(
        self,
        run_ids: Sequence[str],
        worker: Worker,
        provenance: Provenance,
        *,
        retry: Collection[str] = claims.RETRY,
        resume_pruned: bool = True,
    ) -> Claim | None:
        """Take the first of `run_ids`, in their order, that may be worked on; None where there is none.

        That is a run that is planned or interrupted, one that ended in a way of `retry` (`failed`, `diverged`)
        before `worker` began, one that was pruned (unless `resume_pruned` is false), or one whose lease is dead:
        its process has ended, or has been silent for `LEASE_S` seconds. Of several processes that claim at once
        each gets a run of its own. A run that is done, or that the database does not know, is never taken.
        """
        with self.sessions.writing() as session:
            now = self.sessions.now(session)
            return claims.claim(
                session, run_ids, worker, provenance, now, retry=retry, resume_pruned=resume_pruned
            )

    def heartbeat(self, claim: Claim) -> None:
        """Keep a run. Raises LeaseLostError where another worker has taken it over."""
        with self._holding(claim):
            pass

    def end_lost(self) -> None:
        """Record the end of runs whose process is gone or silent; a read-only database is shown as if it were."""
        self.sessions.end_lost()

    def record_epoch(self, claim: Claim, epoch: EpochRecord) -> None:
        """Record a finished epoch; a repeat that measured the same is kept once, with the attempt that was first.

        A repeat that measured something else is stored beside it, and begins a new history of the run. Renews the
        lease. Raises LeaseLostError, and writes nothing, where another worker has taken the run over.
        """
        with self._holding(claim) as (session, now):
            history.add_epoch(session, claim, epoch, now)

    def finish(self, claim: Claim, result: RunResult, stamps: Iterable[Stamp] = ()) -> None:
        """Record a run's result: it is done. Keep its files first (`Artifacts`), and give their `stamps`.

        Raises LeaseLostError as `record_epoch` does, and DivergedError, writing nothing, where what would rank the
        run is not a finite number.
        """
        refuse_not_finite(claim.run_id, result)
        with self._holding(claim) as (session, now):
            add_stamps(session, stamps, now)
            hardware = history.hardware(session, claim, result.feature_hardware)
            columns = {**result_columns(result), "hardware": hardware}
            claims.settle(session, claim, "done", now, columns=columns)
            features.link_features(session, claim.run_id, result.feature_keys, result.feature_hardware or hardware)
            add_heads(session, claim.run_id, result)

    def fail(self, claim: Claim, status: Ended, error: BaseException | None = None) -> None:
        """Record that an attempt ended without a result, and why. Raises LeaseLostError as `record_epoch` does."""
        with self._holding(claim) as (session, now):
            claims.settle(session, claim, status, now, error=error)

    def prune(self, claim: Claim, rung: int, epoch: int, error: BaseException) -> None:
        """Record that a run was stopped at a rung, after `epoch`, and why. Raises LeaseLostError as above."""
        with self._holding(claim) as (session, now):
            columns = {"rung": rung, "pruned_at_epoch": epoch}
            claims.settle(session, claim, "pruned", now, error=error, columns=columns)

    def add_feature_pass(self, made: FeaturePass) -> None:
        """Record a feature pass; of several with one key on one hardware the first is kept."""
        with self.sessions.writing() as session:
            features.add_feature_pass(session, made, self.sessions.now(session))

    def statuses(self, run_ids: Iterable[str]) -> dict[str, str]:
        """Return the status of each of the runs; one that the database does not know is missing."""
        with self.sessions.reading() as session:
            return queries.statuses(session, run_ids)

    def val_metrics(self, run_ids: Iterable[str]) -> dict[str, ValMetrics]:
        """Return what each of the runs that is done measured on val, at the epoch that val chose."""
        with self.sessions.reading() as session:
            return queries.val_metrics(session, run_ids)

    def others_running(self, run_ids: Iterable[str], worker: Worker | None = None) -> list[str]:
        """Return those of the runs that another worker is at, with a living lease: they cannot be claimed now."""
        with self.sessions.reading() as session:
            now, held = self.sessions.now(session), queries.leases(session, run_ids)
        mine = worker.id if worker else None
        return [run_id for run_id, lease in held.items() if lease.worker_id != mine and not lease.is_dead(now)]

    def run(self, prefix: str) -> StoredRun:
        """Return the run whose id begins with `prefix`. Raises StoreError where it is not one run."""
        with self.sessions.reading() as session:
            return queries.run(session, prefix)

    def rows(
        self,
        *,
        dataset: str | None = None,
        backbone: str | None = None,
        strategy: str | None = None,
        status: str | None = None,
        sweep: int | None = None,
        only: Collection[str] | None = None,
    ) -> list[RunRow]:
        """Return the runs that match every filter given, oldest first, without their specs.

        With `only`, rows hold just these columns, `run_id` and `created_at`: half the time for very many runs.
        """
        asked = {"dataset": dataset, "backbone": backbone, "strategy": strategy, "status": status, "sweep": sweep}
        with self.sessions.reading() as session:
            return queries.rows(session, asked, only)

    def epochs(self, run_id: str) -> list[EpochRecord]:
        """Return a run's epochs in order, as the latest attempts measured them; what was not finite is NaN."""
        with self.sessions.reading() as session:
            return history.epochs(session, run_id)

    def standings(self, metric: Metric, reached: Mapping[str, int]) -> list[Standing]:
        """Return how good the runs were that have done the epoch that `reached` asks of each, and since when.

        `metric` is the best value up to that epoch, larger is better. A run that was done earlier stands with what
        it had; one that diverged does not stand.
        """
        with self.sessions.reading() as session:
            return history.standings(session, metric, reached)

    def attempts(self, run_id: str) -> list[AttemptRow]:
        """Return every attempt at a run, first to last."""
        with self.sessions.reading() as session:
            return queries.attempts(session, run_id)

    def observed_rates(self, hardware: str) -> Rates:
        """Return what compute has cost on `hardware` (a `Provenance.hardware`) so far, by backbone."""
        with self.sessions.reading() as session:
            return features.observed_rates(session, hardware)

    def add_timing(self, made: Timing) -> None:
        """Record a timing under its name. Raises StoreError where the name is taken."""
        with self.sessions.writing() as session:
            timings.add(session, made, self.sessions.now(session))

    def timing(self, name: str) -> Timing:
        """Return a timing by its name. Raises StoreError where there is none."""
        with self.sessions.reading() as session:
            return timings.find(session, name)

    def timings(self) -> list[TimingSummary]:
        """Return what was timed, oldest first, without the samples."""
        with self.sessions.reading() as session:
            return timings.summaries(session)

    @contextmanager
    def _holding(self, claim: Claim) -> Iterator[tuple[Session, float]]:
        with self.sessions.writing() as session:
            now = self.sessions.now(session)
            claims.hold(session, claim, now)
            yield session, now
