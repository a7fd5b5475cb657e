"""Published rows beside measured ones: there when asked, never ranked, on no front, each with source and note."""

from __future__ import annotations

from io import StringIO

import pytest
from overview_pages import data_of
from plausible_runs import MODELS, done_row

from bench.report.board.notes import board_notes
from bench.report.board.published import known_published, with_published
from bench.report.board.query import Query
from bench.report.board.tables import Published, leaderboard
from bench.report.export.csv_text import to_csv
from bench.report.export.markdown import to_markdown
from bench.report.export.records import board_records
from bench.report.pages import Report
from bench.report.site.overview import render_single
from bench.report.terminal.board_view import board_view

ROWS = [done_row(model, dataset="cub", num_classes=200) for model in MODELS[:3]]
HOSTILE = "<script>alert(1)</script> | a\nb"


@pytest.fixture(scope="module")
def rows():
    return known_published()


def boards(rows, query=None, measured=ROWS):
    query = query or Query()
    return with_published(leaderboard(measured, query), rows, query)


def test_every_published_row_has_an_accuracy_a_source_and_a_dataset_that_is_known(rows):
    assert len(rows) > 40
    assert all(row.source and row.dataset and {"test_top1", "val_top1"} & set(row.values) for row in rows)


def test_a_board_gets_the_rows_of_its_dataset_and_target_and_no_other(rows):
    (board,) = boards(rows)
    assert {row.dataset for row in board.published} == {"cub"}
    assert len(board.published) == 9 + 11 + 12
    coarse = [done_row(MODELS[0], dataset="cifar100", target="coarse", num_classes=20)]
    (board,) = boards(rows, measured=coarse)
    assert [row.name for row in board.published] == ["b3-linear-coarse"]


@pytest.mark.parametrize("columns", [{"subset": "train=500"}, {"class_groups": "5f" * 32}, {"num_classes": 50}])
def test_a_board_of_other_data_of_that_name_gets_none(rows, columns):
    (board,) = boards(rows, measured=[done_row(dataset="cub", **{"num_classes": 200, **columns})])
    assert board.entries
    assert board.published == ()


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ("num_classes = 200\ncounts = { train = 5994, test = 5794 }", True),
        ("num_classes = 200", True),
        ("num_classes = 50\ncounts = { train = 5994, test = 5794 }", False),
        ("num_classes = 200\ncounts = { train = 60, test = 50 }", False),
    ],
)
def test_a_name_that_a_user_gives_to_other_data_has_no_published_rows(told, there, tmp_path):
    (tmp_path / "datasets.toml").write_text(f'[cub]\nreader = "class_folders"\n{told}\n')
    found = {row.dataset for row in known_published([tmp_path])}
    assert ("cub" in found) == there
    assert {"cifar10", "cifar100"} <= found


def test_published_rows_change_neither_ranks_nor_fronts(rows):
    (board,), (bare,) = boards(rows), leaderboard(ROWS, Query())
    assert board.entries == bare.entries
    drawn, plain = (data_of(render_single(Report("t", [one])))["boards"][0] for one in (board, bare))
    assert len(drawn.pop("published")) == len(board.published)
    assert plain.pop("published") == []
    assert drawn == plain


def test_the_notes_give_every_source_and_what_keeps_a_figure_from_comparing(rows):
    said = "\n".join(board_notes(boards(rows)[0]))
    for words in (
        "GNR 638",
        "dropout on the logits",
        "V-PETL",
        "FGVC mean",
        "trained on 15 % of the training set",
    ):
        assert words in said
    assert "not measured here" not in "\n".join(board_notes(leaderboard(ROWS, Query())[0]))


def test_a_val_that_is_a_test_is_shown_as_test_with_its_note_and_keras_s_count_not_at_all(rows):
    (scratch,) = [row for row in rows if row.name == "resnet50-scratch"]
    assert scratch.values == {"test_top1": 0.40}
    assert "official test set" in scratch.note
    assert "Keras" in scratch.note


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (Query(backbone="efficientnet_b0"), {"timm/efficientnet_b0"}),
        (Query(strategy="full"), {"timm/efficientnet_b0", "timm/efficientnet_b2"}),
        (Query(budget="5M"), {"timm/efficientnet_b0"}),  # of the others the source prints no parameters
    ],
)
def test_published_rows_pass_the_same_filters(rows, query, kept):
    measured = [done_row(MODELS[0], strategy, dataset="cub", num_classes=200, backbone="timm/efficientnet_b0")
                for strategy in ("linear", "full")]  # fmt: skip
    (board,) = boards(rows, query, measured)
    assert {row.backbone for row in board.published} == kept


def test_records_and_markdown_mark_what_was_not_measured(rows):
    made = boards(rows)
    records = board_records(made)
    published = [record for record in records if record.get("published")]
    assert len(published) == 32
    assert all(record["rank"] is None and record["source"] for record in published)
    assert "published" in to_csv(records).splitlines()[0]
    assert to_markdown(made).count("| published |") == 32
    assert all("published" not in record for record in board_records(leaderboard(ROWS, Query())))


def test_names_of_sources_stay_text_wherever_they_are_shown():
    row = Published("cub", "label", HOSTILE, HOSTILE, HOSTILE, HOSTILE, {"test_top1": 0.5}, HOSTILE)
    (board,) = boards([row])
    page = render_single(Report("t", [board]))
    assert "<script>alert(1)" not in page
    assert "<script>alert(1)" not in to_markdown([board])
    lines = [line for line in to_markdown([board]).splitlines() if line.startswith("| published")]
    assert len(lines) == 1


def test_the_page_draws_published_rows_in_a_body_of_their_own(rows):
    page = render_single(Report("t", boards(rows)))
    assert page.count('<tbody class="published">') == 1
    assert "published, not measured here" in page
    assert len(data_of(page)["boards"][0]["published"]) == 32
    bare = render_single(Report("t", leaderboard(ROWS, Query())))
    assert 'aria-label="Published rows"' not in bare


def test_a_terminal_marks_published_rows_and_gives_them_no_rank(rows):
    from rich.console import Console

    console = Console(width=200, file=StringIO())
    (board,) = boards(rows)
    console.print(board_view(board, console))
    lines = [line for line in console.file.getvalue().splitlines() if line.startswith("published [")]
    assert len(lines) == 32
