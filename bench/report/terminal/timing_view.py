"""Timings and what became slower, on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.records.timings import Case, Timing
from bench.report.board.layout import short_name
from bench.report.run.runs import clock
from bench.report.terminal.console import fitting, plain_table
from bench.report.timing.slowdowns import Comparison, Ratio, changed_versions, count, median, missing, spread
from bench.store.rows import TimingSummary
from bench.units import DASH, show

_GIVING_WAY = ("precision", "noise %", "pixels", "images/s", "relative", "finds")
_NUMBERS = (
    "batch", "pixels", "median", "noise %", "images/s", "before", "now", "ratio", "finds", "cases", "threads",
)  # fmt: skip
_STYLES = {"slower": "bold red", "faster": "green", "machine": "yellow", "unclear": "bold yellow"}
_WORDS = {"machine": "as the machine"}


def timing_view(made: Timing, console: Console) -> RenderableType:
    """Show the median of each case, and how much of it noise took."""
    lines = [
        {
            **_case(timed.case),
            "median": show(median(timed.samples), "seconds"),
            "noise %": f"{100 * spread(timed.samples):.1f}",
            "images/s": show(timed.case.batch_size / median(timed.samples), "rate"),
        }
        for timed in made.cases
    ]
    rounds = f"{made.name}: medians of {len(made.cases[0].samples)} rounds on {made.provenance.hardware}."
    noise = "Noise is half the distance between the quartiles."
    return Group(_table(lines, console), Text(f"\n{rounds} {noise}", style="dim"))


def comparison_view(
    before: Timing, now: Timing, found: Sequence[Comparison], threshold: float, console: Console
) -> RenderableType:
    """Show each case before and now, the ratio with its interval, and the verdict; then what to know about it."""
    table = _table([_line(compared) for compared in found], console)
    return Group(table, Text("\n" + "\n".join(_notes(before, now, found, threshold)), style="dim"))


def timings_view(found: Sequence[TimingSummary], console: Console) -> RenderableType:
    """List what was timed."""
    if not found:
        return Text("Nothing was timed yet. `bench timing --save before` times this machine.")
    lines = [
        {
            "name": summary.name,
            "measured": clock(summary.created_at),
            "cases": str(summary.cases),
            "hardware": summary.hardware,
            "threads": str(summary.threads),
        }
        for summary in found
    ]
    return _table(lines, console)


def _line(compared: Comparison) -> dict[str, str]:
    ratio = compared.time
    return {
        **_case(compared.case),
        "before": show(compared.before_s, "seconds"),
        "now": show(compared.now_s, "seconds"),
        "ratio": f"{ratio.value:.2f}" if ratio else DASH,
        "95 %": _interval(ratio) if ratio else DASH,
        "finds": _percent(compared.detectable),
        "relative": f"{compared.relative.value:.2f} ({_interval(compared.relative)})",
        "verdict": _WORDS.get(compared.verdict, compared.verdict),
    }


def _interval(ratio: Ratio) -> str:
    return f"{ratio.low:.2f} to {ratio.high:.2f}"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):.0f} %"


def _notes(before: Timing, now: Timing, found: Sequence[Comparison], threshold: float) -> list[str]:
    slower, busy = count(found, "slower"), count(found, "machine")
    cases = f"{len(found)} case{'s' if len(found) > 1 else ''}"
    notes = [
        f"{slower} of {cases} slower than in {before.name} by more than {100 * threshold:.0f} % beyond the noise.",
        "Ratio: of medians, with its 95 % bootstrap interval; relative: the same over a matrix product's time.",
        "Finds: how much slower a case so noisy has to be to be called slower in 8 of 10 comparisons.",
    ]
    if hidden := [compared for compared in found if compared.verdict == "unclear"]:
        notes.append(_about_unclear(hidden, threshold))
    if busy:
        notes.append(f"{busy} took longer as the matrix product did: the machine, or torch, is slower now.")
    if found[0].time is None:
        notes.append("Of different machines: seconds do not compare, only ratios to the matrix product do.")
    if changed := changed_versions(before, now):
        notes.append(f"Changed since: {', '.join(changed)}.")
    if lost := missing(before, now):
        notes.append(f"{len(lost)} case{'s are' if len(lost) > 1 else ' is'} in one of the two only.")
    return notes


def _about_unclear(hidden: Sequence[Comparison], threshold: float) -> str:
    """Say what the noise hides, and what helps: the interval narrows with the root of the rounds."""
    least, most = (_percent(pick(c.detectable for c in hidden)) for pick in (min, max))
    cases = f"{len(hidden)} case{'s are' if len(hidden) > 1 else ' is'} unclear"
    finds = least if least == most else f"{least} to {most}"
    return (
        f"{cases}: noise hides whether slower by more than {100 * threshold:.0f} %; found would be about {finds} "
        "slower. Time both anew while nothing else runs, with more --repeats: 60 halve the interval of 15."
    )


def _case(case: Case) -> dict[str, str]:
    return {
        "backbone": short_name(case.backbone),
        "strategy": case.strategy,
        "what": case.kind,
        "batch": str(case.batch_size),
        "pixels": str(case.image_size),
        "precision": case.precision,
    }


def _table(lines: Sequence[Mapping[str, str]], console: Console) -> Table:
    def make(kept: Sequence[str]) -> Table:
        table = plain_table(kept, right=[name for name in kept if name in _NUMBERS])
        for line in lines:
            table.add_row(*(Text(line[name], style=_style(name, line[name])) for name in kept))
        return table

    headings = list(lines[0])
    return fitting(headings, console, make, [name for name in _GIVING_WAY if name in headings])


def _style(name: str, text: str) -> str:
    words = {said: verdict for verdict, said in _WORDS.items()}
    return _STYLES.get(words.get(text, text), "") if name == "verdict" else ""
