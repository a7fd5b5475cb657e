"""What a reader must know to judge a board, in sentences: how it ranks, what is noise, what does not compare."""

from __future__ import annotations

from bench.report.board.columns import NEVER_RANKS
from bench.report.board.groups import Interval
from bench.report.board.layout import CHOSEN, DISTURBED, machine_letters
from bench.report.board.overlaps import Overlaps, overlap_note
from bench.report.board.tables import Board, numbered
from bench.report.plots.scatter import Scatter
from bench.spec import PROTOCOL
from bench.store.rows import RunHeads, RunRow
from bench.units import show

PAGE_MARKS = "Shaded: Pareto-optimal in validation top-1 and the cost that the plot shows."
PAGE_TIMES = "Times compare only on the same hardware: shown are those on the one chosen at the plot."

_CLEARLY = 0.05
"""How far the majority's share may be above an equal share before a note says so."""


def board_notes(board: Board, overlaps: Overlaps | None = None, *, page: bool = False) -> list[str]:
    """Return the notes of one board, most important first; on a `page` the reader chooses cost and hardware."""
    if not board.entries:
        return ["Nothing was measured here.", *published_notes(board)]
    times = PAGE_TIMES if page and len(board.machines) > 1 else _times(board)
    notes = [
        _protocol(board),
        _order(board),
        _head_note(board.heads),
        PAGE_MARKS if page else _marks(board),
        _noise(board),
        _imbalance(board),
        _never_ranks(board),
        _tuning(board),
        _lost(board),
        _pruned(board),
        _ensembles(board),
        times,
        disturbed_note(board),
    ]
    overlap = overlap_note(board.task.cut.dataset, overlaps or {})
    return [note for note in (*notes, overlap, *published_notes(board)) if note]


def published_notes(board: Board) -> list[str]:
    """Describe published rows: what they are in general, then the source and the note of each, numbered."""
    if not board.published:
        return []
    said = "Published rows are as their sources print them: not measured here, not ranked, on no front."
    texts = numbered(board.published)[1]
    return [said, *(f"[{number}] {text}" for number, text in enumerate(texts, start=1))]


def scatter_notes(board: Board, shown: Scatter) -> list[str]:
    """Return the notes below a plot: what its front is, what is out of view, what times were measured on."""
    height, cost = shown.y.column, shown.x.column
    by_val = f" Validation accuracy alone decides which they are; the height shown is {height.quantity}."
    pair = f"validation top-1 and {cost.quantity}"
    published = len(board.published) - len(shown.published)
    notes = [
        f"The line joins the Pareto-optimal rows: no other row is as good in both {pair}, and better in one."
        + (by_val if height.test else ""),
        "Whiskers are the sample standard deviation over seeds." if any(p.spread for p in shown.points) else "",
        *out_of_view(shown),
        f"{published:,} published rows do not print both values." if published else "",
        _times(board) if cost.hardware else "",
        disturbed_note(board) if cost.timed else "",
    ]
    return [note for note in notes if note]


def out_of_view(shown: Scatter) -> list[str]:
    """Return how many rows a plot does not show, and why."""
    below = [f"{_rows(shown.below)} below what is shown."] if shown.below else []
    return below + ([f"{_rows(shown.missing)} without {shown.x.column.quantity}."] if shown.missing else [])


def _rows(count: int) -> str:
    return f"{count:,} row{'s are' if count > 1 else ' is'}"


def _protocol(board: Board) -> str:
    """Mark rows that another protocol measured, which compare with none of this one."""
    made = board.task.cut.protocol
    if made == PROTOCOL:
        return ""
    age = "an older" if made < PROTOCOL else "a newer"
    return (
        f"Measured under {age} protocol, {made}; this bench measures under {PROTOCOL}, which may give other "
        "numbers for the same spec. The changelog lists what changed; sweep again to compare with new rows."
    )


def _order(board: Board) -> str:
    if board.sort.test:
        return (
            f"Sorted by {board.sort.title.removesuffix(' %')}: this order looks at test, "
            "so do not choose by it; # ranks by validation."
        )
    return "Ranked by validation top-1; test is reported, never used to choose."


def _marks(board: Board) -> str:
    pair = f"validation top-1 and {board.cost.quantity}"
    return f"* Pareto-optimal: no other row is as good in both {pair}, and better in one."


def _noise(board: Board) -> str:
    best = next((entry.group for entry in board.entries if entry.rank == 1), None)
    spread = "± is the sample standard deviation over seeds; a single seed has none."
    if best is None or best.test_interval is None:
        return spread
    kind = "95 % Wilson interval" + (", at most as wide for a mean over heads" if board.heads.metrics else "")
    test = f"{_range(best.test_interval)} on {best.first.test_n:,} test images"
    val = (
        f", {_range(best.val_interval)} on the {best.first.val_n:,} val images that rank"
        if best.val_interval
        else ""
    )
    return f"{spread} The finite number of images alone leaves the best row anywhere from {test}{val} ({kind})."


def _range(interval: Interval) -> str:
    return " to ".join(f"{100 * end:.1f}" for end in interval) + " %"


def _imbalance(board: Board) -> str:
    """Return what always naming the most frequent class is worth; empty for balanced classes."""
    row = board.entries[0].group.first
    if not _is_imbalanced(row, board.heads):
        return ""
    share, val, test = (
        show(value, "fraction") for value in (row.majority_share, row.val_majority_top1, row.test_majority_top1)
    )
    mean = ", a mean over targets" if "+" in row.target else ""
    return (
        f"Imbalanced: {share} % of train is one class{mean}; always naming it scores val {val} %, test {test} %. "
        "`--sort val_balanced_accuracy` weighs classes equally."
    )


def _is_imbalanced(row: RunRow, heads: RunHeads) -> bool:
    """Whether the most frequent class in train has clearly more than an equal share.

    Of several targets the mean share is compared with the mean equal share, which `heads` are needed for.
    """
    classes = {head.target: head.num_classes for head in heads.metrics}
    counts = list(classes.values()) or [row.num_classes]
    equal = sum(1 / count for count in counts) / len(counts)
    return row.majority_share is not None and row.majority_share > equal + _CLEARLY


def _head_note(heads: RunHeads) -> str:
    """Return what the numbers of a board of joint runs are; empty where there is one head."""
    if not heads.metrics:
        return ""
    sizes = {row.target: row.num_classes for row in heads.metrics}
    named = " and ".join(f"{target} ({count:,} classes)" for target, count in sizes.items())
    pairs = dict.fromkeys((each.target, each.group_target) for each in heads.contradictions)
    against = (f"the {target} class is not in the {group} group" for target, group in pairs)
    contradict = f" Contradict: how often {', or '.join(against)} that the other head names." if pairs else ""
    return f"Accuracies are means over the heads {named}; each has its own column on test.{contradict}"


def _never_ranks(board: Board) -> str:
    if not any(entry.group.stat(key).n for entry in board.entries for key in NEVER_RANKS):
        return ""
    return "† Never used to rank: test accuracy after the last epoch, and of the epoch that is best on test."


def _tuning(board: Board) -> str:
    """Warn if some candidates were tried more often than others: the best of many looks better than it is."""
    tried = {entry.group.tried for entry in board.entries if entry.group.tried is not None}
    if len(tried) < 2:  # noqa: PLR2004 - all had the same
        return ""
    return (
        f"Tuning was unequal: between {min(tried):,} and {max(tried):,} configurations were tried of a backbone x "
        "strategy (tried); the best of many looks better on val than it is, so compare rows that had as many."
    )


def _lost(board: Board) -> str:
    lost = sum(entry.group.lost for entry in board.entries)
    return f"{lost} further seed{'s' if lost > 1 else ''} of these rows failed or diverged." if lost else ""


def _pruned(board: Board) -> str:
    runs = f"{board.pruned:,} run{'s' if board.pruned > 1 else ''}"
    return f"{runs} pruned early and not ranked; `bench runs --status pruned` says why." if board.pruned else ""


def _ensembles(board: Board) -> str:
    made = [entry.group.ensemble for entry in board.entries if entry.group.ensemble]
    if not made:
        return ""
    note = (
        "`bench ensembles` lists the ensembles: what members share counts once, time alone is the sum of theirs."
    )
    if any(ensemble.chosen_on_val for ensemble in made):
        note += f" {CHOSEN} Chosen on the validation images that rank it, which flatters it a little."
    return note


def disturbed_note(board: Board) -> str:
    """Note how many rows have disturbed times, the effect on Pareto fronts, and which cost to use instead."""
    timed = [entry.group for entry in board.entries if entry.group.mean("standalone_s", board.machine) is not None]
    found = sum(group.is_disturbed("standalone_s", board.machine) for group in timed)
    if not found:
        return ""
    rows = f"all {found:,}" if found == len(timed) else f"{found:,} of {len(timed):,}"
    return (
        f"{DISTURBED} Disturbed: the times of {rows} rows were measured beside other work or on a slowed machine. "
        "They are on no front that weighs time; `--cost train_gmacs` compares compute on any machine."
    )


def _times(board: Board) -> str:
    if len(board.machines) == 1:
        return f"Times were measured on {board.machines[0]}."
    letters = "; ".join(f"{letter} = {name}" for name, letter in machine_letters(board).items())
    return f"Times compare only on the same hardware: {letters}. A row that ran on several shows a dash."
