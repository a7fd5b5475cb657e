"""The Pareto front of a data frame, for notebooks: `bench.pareto()`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd

from bench.errors import BenchError, unknown_name
from bench.report.board.columns import COLUMNS, telling_cost
from bench.report.board.groups import Cut
from bench.report.board.pareto import pareto_front

HARDWARE = "hardware"


def pareto(
    df: pd.DataFrame,
    x: str | None = None,
    y: str = "val_top1",
    *,
    minimize: str | Iterable[str] = (),
    maximize: str | Iterable[str] = (),
) -> pd.DataFrame:
    """Return the rows that no other row beats in both columns, in their order and with their index.

    Which way is better is known for every quantity of a leaderboard; for other columns give `minimize` or
    `maximize`. Rows of different data, or of different hardware if a time is weighed, never compare: each has a
    front of its own, as far as `df` has the columns that tell. A row without a finite value, a published one, or
    one whose times were disturbed if a time is weighed, is on none. Seeds are rows:
    `bench.leaderboard(db).frame()` has their means. Raises BenchError for a column that is missing, is no number,
    or looks at test, which chooses nothing. Without `x` it is the first of trained parameters, GMACs and total
    parameters that tells the rows apart.
    """
    x = x or frame_cost(df)
    down, up = _named(minimize), _named(maximize)
    for axis in (x, y):
        _check(df, axis)
    falling = {axis for axis in (x, y) if axis in down or (axis not in up and _better(axis) == "less")}
    places: list[int] = []
    left_out = [a or b for a, b in zip(is_published(df), _is_disturbed(df, (x, y)), strict=True)]
    for compared in _parts(df, (x, y)):
        part = [place for place in compared if not left_out[place]]
        points = [tuple(point) for point in df.iloc[part][[x, y]].to_numpy(dtype=float, na_value=float("nan"))]
        front = pareto_front(
            points,
            minimize=[i for i, axis in enumerate((x, y)) if axis in falling],
            maximize=[i for i, axis in enumerate((x, y)) if axis not in falling],
        )
        places += [part[index] for index in front]
    return df.iloc[sorted(places)]


def frame_cost(df: pd.DataFrame) -> str:
    """Return the cost that tells the rows of a frame apart, as a board of them weighs it."""
    runs = df[df["ensemble"].isna()] if "ensemble" in df.columns and df["ensemble"].isna().any() else df

    def values(key: str) -> list[float]:
        return list(pd.to_numeric(runs[key], errors="coerce").dropna()) if key in runs.columns else []

    return telling_cost(values).key


def data_columns(df: pd.DataFrame) -> list[str]:
    """Return the columns of a frame that tell data apart on which accuracies do not compare."""
    return [name for name in (*Cut._fields, "val_n", "test_n") if name in df.columns]


def is_published(df: pd.DataFrame) -> list[bool]:
    """Return for each row whether it is published, as `bench.leaderboard(published=True)` marks it."""
    return list(df["published"].notna()) if "published" in df.columns else [False] * len(df)


def _is_disturbed(df: pd.DataFrame, axes: Collection[str]) -> list[bool]:
    """Return for each row whether an axis is a time that was disturbed."""
    timed = any(axis in COLUMNS and COLUMNS[axis].timed for axis in axes)
    return (
        list(df["disturbed"].eq(other=True).fillna(value=False))
        if timed and "disturbed" in df
        else [False] * len(df)
    )


def looks_at_test(axis: str) -> bool:
    """Whether a column holds what was measured on test."""
    return COLUMNS[axis].test if axis in COLUMNS else "test" in axis.split("_")


def _named(columns: str | Iterable[str]) -> set[str]:
    return {columns} if isinstance(columns, str) else set(columns)


def _check(df: pd.DataFrame, axis: str) -> None:
    if axis not in df.columns:
        raise unknown_name("column", axis, map(str, df.columns), BenchError)
    if looks_at_test(axis):
        raise BenchError(
            f"{axis} decides no front.",
            "What is chosen by test accuracy is no longer tested by it.",
            f"Take {axis.replace('test', 'val', 1)}; the rows that it returns have {axis} too.",
        )
    if not pd.api.types.is_numeric_dtype(df[axis]):
        raise BenchError(f"{axis} is no number.", f"It is {df[axis].dtype}.", "Take a column of numbers.")
    if axis in COLUMNS and COLUMNS[axis].hardware and HARDWARE not in df.columns:
        raise BenchError(
            f"{axis} compares only on equal hardware.",
            "The frame does not say which it was.",
            "Keep its hardware.",
        )


def _better(axis: str) -> str:
    known = COLUMNS[axis].better if axis in COLUMNS else "neither"
    if known == "neither":
        raise BenchError(
            f"Which way is {axis} better?",
            "It is no quantity of a leaderboard.",
            f"Add minimize={axis!r} or maximize={axis!r}.",
        )
    return known


def _parts(df: pd.DataFrame, axes: Collection[str]) -> list[list[int]]:
    """Return the places of the rows that compare with each other, part by part."""
    by = data_columns(df)
    if any(axis in COLUMNS and COLUMNS[axis].hardware for axis in axes):
        by.append(HARDWARE)
    if not by:
        return [list(range(len(df)))]
    numbers = df.groupby(by, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    return [list((numbers == number).nonzero()[0]) for number in range(numbers.max(initial=-1) + 1)]
