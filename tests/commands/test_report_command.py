import pytest
from overview_pages import data_of

from bench.commands.report import report
from bench.errors import BenchError
from bench.store.store import Store


def test_the_path_of_the_file_is_all_that_stdout_gets(call, typical_db, tmp_path):
    path = tmp_path / "new" / "page.html"
    result = call(report, "--db", typical_db, "-o", path)
    assert result.stdout == f"{path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_a_path_it_is_in_the_reports_folder(call, typical_db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(report, "--db", typical_db).stdout == "reports/report.html\n"
    assert (tmp_path / "reports" / "report.html").is_file()


def test_title_and_filters_reach_the_page(call, typical_db, tmp_path):
    path = tmp_path / "page.html"
    call(
        report, "--db", typical_db, "-o", path, "--title", "Birds & co", "--strategy", "linear", "--budget", "10M"
    )
    html = path.read_text(encoding="utf-8")
    assert "<title>Birds &amp; co</title>" in html
    assert len(data_of(html)["boards"][0]["seeds"]) == 7
    assert "under 10M parameters" in html


def test_a_report_of_nothing_is_still_a_page(call, tmp_path):
    Store.open(tmp_path / "runs.db").close()
    call(report, "--db", tmp_path / "runs.db", "-o", tmp_path / "page.html")
    assert "Nothing is finished yet" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_no_database_says_to_run_a_sweep(call, tmp_path):
    with pytest.raises(BenchError, match="bench sweep"):
        call(report, "--db", tmp_path / "none.db", "-o", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_file_in_the_way_of_the_folder_is_an_error_with_advice(call, typical_db, tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(BenchError) as error:
        call(report, "--db", typical_db, "-o", tmp_path / "taken" / "page.html")
    assert all((error.value.what, error.value.why, error.value.todo))


def test_help_has_an_example(call):
    assert "Example: bench report --dataset cub" in call(report, "--help").stdout


@pytest.mark.parametrize("path", ["", ".", "/proc/x/y.html", "x" * 300 + ".html"])
def test_a_path_that_cannot_be_written_is_an_error_with_advice(call, typical_db, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchError, match="Cannot write") as caught:
        call(report, "--db", typical_db, "-o", path)
    assert caught.value.why
    assert caught.value.todo
    assert not list(tmp_path.iterdir())
