"""`bench report`: where it writes, what it refuses, and whose images it finds."""

import pytest
from command_line import bench, refused
from overview_pages import data_of
from predicted_runs import planned, predictions, record_predicted

from bench.commands.report import report
from bench.errors import BenchError
from bench.report.site.folder import site_files
from bench.store.store import Store


@pytest.fixture(scope="module")
def predicted_db(tmp_path_factory):
    """Three runs with predictions on a dataset that is nowhere; to read only."""
    path = tmp_path_factory.mktemp("predicted") / "runs.db"
    with Store.open(path) as store:
        for seed in range(3):
            record_predicted(store, planned(6, seed=seed), predictions(6, seed=seed, n=90))
    return path


def test_without_a_path_it_is_a_site_in_the_reports_folder(call, typical_db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(report, "--db", typical_db).stdout == "reports/report/index.html\n"
    assert "index.html" in site_files(tmp_path / "reports" / "report")


def test_a_single_file_without_a_path_is_in_the_reports_folder(call, typical_db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(report, "--db", typical_db, "--single-file").stdout == "reports/report.html\n"
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")] == ["reports/report.html"]


def test_a_name_of_a_file_means_a_single_file(call, typical_db, tmp_path):
    path = tmp_path / "new" / "page.html"
    assert call(report, "--db", typical_db, "-o", path).stdout == f"{path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_a_name_of_a_folder_means_a_site_there(call, typical_db, tmp_path):
    folder = tmp_path / "deep" / "site"
    assert call(report, "--db", typical_db, "-o", folder).stdout == f"{folder / 'index.html'}\n"
    assert call(report, "--db", typical_db, "-o", folder).stdout == f"{folder / 'index.html'}\n"


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
    for name in ("page.html", "site"):
        with pytest.raises(BenchError) as error:
            call(report, "--db", typical_db, "-o", tmp_path / "taken" / name)
        assert all((error.value.what, error.value.why, error.value.todo))


def test_help_has_an_example(call):
    assert "Example: bench report --dataset cub" in call(report, "--help").stdout


@pytest.mark.parametrize("path", ["/proc/x/y.html", "x" * 300 + ".html", "/proc/x", "x" * 300])
def test_a_path_that_cannot_be_written_is_an_error_with_advice(call, typical_db, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchError, match="Cannot write") as caught:
        call(report, "--db", typical_db, "-o", path)
    assert caught.value.why
    assert caught.value.todo
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", ""], "--out is empty"),
        (["-o", "FOLDER"], "files that are not of an earlier site: notes.txt"),
        (["-o", "FOLDER", "--single-file"], "It is a folder, and --single-file writes a file"),
        (["-o", "FOLDER/notes.txt"], "It is a file, and a site is a folder"),
        (["--single-file", "--watch"], "--watch cannot write a single file"),
        (["-o", "x.html", "--watch"], "--watch cannot write a single file"),
        (["-o", "x.html", "--pages", "3"], "--pages is for a site"),
        (["--port", "80"], "--port is for --watch"),
        (["--host", "::"], "--host is for --watch"),
        (["--pages", "some"], "no number of runs"),
        (["--pages", "-1"], "no number of runs"),
        (["--watch", "--port", "65536"], "--port"),
        (["--watch", "--host", "no.such.host.invalid"], "Cannot listen on no.such.host.invalid"),
        (["--watch", "--host", "203.0.113.7"], "Cannot listen on 203.0.113.7"),
    ],
)
def test_what_does_not_go_together_is_refused(typical_db, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FOLDER").mkdir()
    (tmp_path / "FOLDER" / "notes.txt").write_text("mine")
    assert said in refused("report", "--db", typical_db, *words)
    assert [path.name for path in tmp_path.rglob("*")] == ["FOLDER", "notes.txt"]


def test_a_dataset_that_is_not_here_is_said_once(predicted_db, tmp_path):
    made = bench("report", "--db", predicted_db, "-o", tmp_path / "site")
    assert made.code == 0
    assert made.stderr.count("The images of birds are not shown.") == 1
    assert bench("report", "--db", predicted_db, "-o", tmp_path / "site", "--no-images").stderr == ""


def test_so_many_runs_have_a_page(predicted_db, tmp_path):
    def pages(*words):
        bench("report", "--db", predicted_db, "-o", tmp_path / "site", "--no-images", *words)
        return sum(path.startswith("runs/") for path in site_files(tmp_path / "site"))

    assert [pages(), pages("--pages", "0"), pages("--pages", "3"), pages("--pages", "all")] == [3, 0, 3, 3]
