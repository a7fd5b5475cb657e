"""A site is built aside and then published: what its readers find at any moment is whole."""

import json
import os
import subprocess
import sys

import pytest

from bench.errors import BenchError
from bench.report.site.folder import MANIFEST, SiteFolder, site_files
from bench.report.site.publish import building, publish


def write(folder, files, *, links=(), kept=()):
    """Build a site of a few texts in a folder, and publish it; returns what changed."""
    with building(folder) as place:
        site = SiteFolder(place, links, earlier=folder)
        for path, text in files.items():
            site.text(path, text)
        for path in kept:
            site.keep(path)
        site.finish()
        return publish(place, folder)


def interrupted(folder):
    with building(folder) as place:
        SiteFolder(place, (), earlier=folder).text("index.html", "half of the second")
        raise KeyboardInterrupt


def test_what_was_built_is_there_and_nothing_else(tmp_path):
    write(tmp_path / "site", {"index.html": "first", "runs/a.html": "a"})
    assert (tmp_path / "site" / "runs" / "a.html").read_text() == "a"
    found = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert found == site_files(tmp_path / "site") == {
        "index.html", "runs/a.html", "assets/site.css", "assets/colours.js", MANIFEST,
    }  # fmt: skip


def test_what_is_no_longer_built_goes_and_what_is_not_of_the_site_stays(tmp_path):
    write(tmp_path, {"index.html": "first", "runs/a.html": "a", "runs/b.html": "b"})
    (tmp_path / "CNAME").write_text("example.org")
    write(tmp_path, {"index.html": "second"}, kept=["runs/b.html"])
    assert not (tmp_path / "runs" / "a.html").exists()
    assert (tmp_path / "runs" / "b.html").read_text() == "b"
    assert (tmp_path / "CNAME").read_text() == "example.org"


def test_a_file_that_is_the_same_stays_as_it_is(tmp_path):
    write(tmp_path, {"index.html": "<p>Made <time>12:00</time>", "data/a.js": "1", "methods.html": "old"})
    before = (tmp_path / "index.html").stat()
    changed = write(
        tmp_path, {"index.html": "<p>Made <time>12:05</time>", "data/a.js": "1", "methods.html": "new"}
    )
    assert changed == {"methods.html"}
    assert (tmp_path / "index.html").stat().st_ino == before.st_ino
    assert "12:00" in (tmp_path / "index.html").read_text()


def test_a_build_that_ends_early_leaves_the_earlier_site_and_nothing_of_itself(tmp_path):
    write(tmp_path, {"index.html": "first", "data/a.js": "1"})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_a_killed_build_left_goes_with_the_next_after_a_day(tmp_path):
    for name, age_s in (("old", 90_000), ("young", 60)):
        left = tmp_path / f".building-{name}"
        left.mkdir()
        os.utime(left, (left.stat().st_mtime - age_s,) * 2)
    write(tmp_path, {"index.html": "first"})
    assert [path.name for path in tmp_path.glob(".building-*")] == [".building-young"]


def test_what_a_killed_build_of_this_machine_left_goes_at_once(tmp_path):
    code = "import os, sys\nfrom pathlib import Path\nfrom bench.report.site.publish import building\n"
    code += "with building(Path(sys.argv[1])) as place:\n    (place / 'a.jpg').write_text('x')\n    os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    (left,) = tmp_path.glob(".building-*")
    with building(tmp_path) as own:
        assert not left.exists()
        with building(tmp_path):
            assert own.exists(), "of a build at work nothing is taken"


def test_the_first_page_comes_after_all_that_it_leads_to(tmp_path, monkeypatch):
    order = []
    moved = os.replace
    monkeypatch.setattr("os.replace", lambda source, target: (order.append(str(target)), moved(source, target)))
    write(tmp_path, {"index.html": "x", "runs/a.html": "a", "data/runs/a.js": "1"})
    names = [os.path.relpath(path, tmp_path) for path in order]
    assert names.index("data/runs/a.js") < names.index("runs/a.html") < names.index("index.html")


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BenchError, match="thesis") as caught:
        write(tmp_path, {"index.html": "first"})
    assert caught.value.todo
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["../precious", "/etc/hosts", "a/../../precious", ""])
def test_a_list_of_files_cannot_make_it_remove_what_lies_outside(tmp_path, name):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    site = tmp_path / "site"
    write(site, {"index.html": "first"})
    (site / MANIFEST).write_text(json.dumps({"files": ["index.html", name]}))
    write(site, {"index.html": "second"})
    assert precious.read_text() == "kept"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 3}', "\x00"])
def test_a_damaged_list_is_no_site(tmp_path, content):
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(BenchError, match=MANIFEST):
        write(tmp_path, {"index.html": "first"})
