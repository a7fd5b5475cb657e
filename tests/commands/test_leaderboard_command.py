import csv
import io
import json
import subprocess
import sys

import pytest

from bench.commands.leaderboard import leaderboard
from bench.errors import BenchError
from bench.report.board import layout
from bench.report.board.columns import COLUMNS
from bench.store.store import Store


def rows(result):
    return json.loads(result.stdout)


def test_json_is_data_alone_on_stdout(call, typical_db):
    result = call(leaderboard, "--db", typical_db, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert [row["rank"] for row in rows(result)] == list(range(1, 25))


def test_csv_has_a_line_per_row_and_a_heading(call, typical_db):
    found = list(csv.DictReader(io.StringIO(call(leaderboard, "--db", typical_db, "--csv").stdout)))
    assert len(found) == 24
    assert float(found[0]["val_top1"]) >= float(found[1]["val_top1"])


def test_markdown_is_a_table(call, typical_db):
    text = call(leaderboard, "--db", typical_db, "--markdown").stdout
    assert text.startswith("### cub100")
    assert sum(line.startswith("|") for line in text.splitlines()) == 26


@pytest.mark.parametrize("sort", COLUMNS)
def test_the_table_is_the_same_from_the_few_columns_that_it_reads(call, typical_db, monkeypatch, sort):
    cost = sort if COLUMNS[sort].better == "less" else "trainable_params"
    given = ("--db", typical_db, "--sort", sort, "--cost", cost, "--budget", "11M", "--limit", 0)
    lean = call(leaderboard, *given).stdout
    monkeypatch.setattr(layout, "columns_read", lambda _query: None)
    assert call(leaderboard, *given).stdout == lean


def test_the_table_says_how_it_ranks_and_what_noise_is(call, typical_db):
    text = call(leaderboard, "--db", typical_db).stdout
    assert "Ranked by validation top-1; test is reported, never used to choose." in text
    assert "95 % Wilson interval" in text
    assert "† Never used to rank" in text


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--strategy", "linear"), 8),
        (("--backbone", "*efficientnet*"), 8),
        (("--budget", "1M"), 2),
        (("--budget", "total<=10M,trainable<=50K"), 2),
        (("--dataset", "cub100", "--target", "label"), 24),
        (("--backbone", "nothing*"), 0),
    ],
)
def test_filters_narrow_the_rows(call, typical_db, arguments, count):
    assert len(rows(call(leaderboard, "--db", typical_db, "--json", *arguments))) == count


def test_a_limit_is_for_the_eye_and_not_for_data(call, typical_db):
    assert "... and 21 more" in call(leaderboard, "--db", typical_db, "-n", 3).stdout
    assert len(rows(call(leaderboard, "--db", typical_db, "-n", 3, "--json"))) == 24


def test_sorting_by_test_is_allowed_and_said(call, typical_db):
    text = call(leaderboard, "--db", typical_db, "--sort", "test_top1").stdout
    assert "this order looks at test" in text


def test_another_cost_marks_other_rows(call, typical_db):
    marked = [
        {
            row["group_id"]
            for row in rows(call(leaderboard, "--db", typical_db, "--json", "--cost", cost))
            if row["pareto"]
        }
        for cost in ("trainable_params", "gmacs")
    ]
    assert marked[0] != marked[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sort", "accuracy"), "Unknown column 'accuracy'"),
        (("--cost", "test_top1"), "Unknown cost 'test_top1'"),
        (("--dataset", "cub10"), "Did you mean cub100"),
        (("--budget", "lots"), "Unknown budget 'lots'"),
        (("--budget", "10X"), "Cannot read the budget '10X'"),
        (("--json", "--csv"), "--json and --csv cannot go together"),
    ],
)
def test_bad_input_is_an_error_in_three_parts(call, typical_db, arguments, said):
    with pytest.raises(BenchError) as error:
        call(leaderboard, "--db", typical_db, *arguments)
    assert said in str(error.value)
    assert error.value.exit_code == 2
    assert all((error.value.what, error.value.why, error.value.todo))


def test_no_database_says_to_run_a_sweep(call, tmp_path):
    with pytest.raises(BenchError, match="bench sweep"):
        call(leaderboard, "--db", tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_an_empty_database_says_to_run_a_sweep(call, tmp_path):
    Store.open(tmp_path / "runs.db").close()
    assert "bench sweep" in call(leaderboard, "--db", tmp_path / "runs.db").stdout
    assert rows(call(leaderboard, "--db", tmp_path / "runs.db", "--json")) == []


def test_the_database_may_come_from_the_environment(call, typical_db, monkeypatch):
    monkeypatch.setenv("BENCH_DB", str(typical_db))
    assert len(rows(call(leaderboard, "--json"))) == 24


def test_a_plug_in_registry_says_what_pretraining_has_seen(call, typical_db, tmp_path):
    (tmp_path / "datasets.toml").write_text(
        '[cub100]\nreader = "cub"\nnum_classes = 100\noverlaps = ["imagenet-1k"]\n', encoding="utf-8"
    )
    text = call(leaderboard, "--db", typical_db, "--registry", tmp_path).stdout
    assert "cub100 shares images with imagenet-1k" in text


def test_help_has_an_example(call):
    assert "Example: bench leaderboard --dataset cub" in call(leaderboard, "--help").stdout


def test_neither_torch_nor_pandas_nor_plotly_is_imported(typical_db):
    code = (
        "import sys; from bench.commands.leaderboard import leaderboard; "
        f"leaderboard(db={str(typical_db)!r}); "
        "sys.exit(' '.join({'torch', 'pandas', 'plotly', 'timm', 'jinja2', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("variable", "coloured"), [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)]
)
def test_no_color_is_obeyed(call, typical_db, monkeypatch, variable, coloured):
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    assert (";32m" in call(leaderboard, "--db", typical_db).stdout) is coloured
