"""`bench report --watch` as a process, read by a real browser while runs finish."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest
from browser import browser, until
from plausible_runs import MODELS, make_planned, record_done

from bench.commands.report_watch import PORT
from bench.store.store import Store

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.browser


@contextmanager
def hearing_ctrl_c():
    """Start processes that hear SIGINT, as a terminal's do: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Watched:
    """A database, and a `bench report --watch` of it that is at work."""

    def __init__(self, folder, *words):
        self.db, self.site = folder / "runs.db", folder / "site"
        if not self.db.exists():
            self.finish(MODELS[0], "linear")
        command = ["report", "--db", self.db, "-o", self.site, "--watch", *words]
        with hearing_ctrl_c():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench", *map(str, command)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "BENCH_HOME": str(folder / "home")},
            )  # fmt: skip
        self.address = self.process.stdout.readline().strip()

    def finish(self, model, strategy, seed=0):
        with Store.open(self.db) as store:
            record_done(store, [make_planned(model, strategy, seed)])

    def end(self):
        """Press Ctrl-C; returns the exit code and stderr."""
        self.process.send_signal(signal.SIGINT)
        _, stderr = self.process.communicate(timeout=20)
        return self.process.returncode, stderr

    def get(self, path):
        connection = http.client.HTTPConnection(self.address.split("/")[2], timeout=10)
        connection.request("GET", path)
        return connection.getresponse().read()

    def build(self):
        return json.loads(self.get("/version.json"))["build"]

    def wait_for_build(self, number):
        until = time.monotonic() + 30
        while self.build() < number:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.fixture
def watch(tmp_path):
    """Start a watch with some options; it ends with the test."""
    started = []

    def start(*words):
        started.append(Watched(tmp_path, *words))
        return started[-1]

    yield start
    for watched in started:
        watched.process.kill()
        watched.process.communicate()


@pytest.fixture
def tab(browser):
    """A window of a browser, and what it asked of anybody."""
    context = browser.new_context(viewport={"width": 1000, "height": 500})
    page = context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()


def test_a_run_that_finishes_appears_and_the_page_stays_as_it_was(watch, tab):
    watched = watch("--port", "0")
    tab.goto(f"{watched.address}?strategy=linear")
    tab.wait_for_selector(".live")
    assert "mobilenetv3_large_100" not in tab.inner_text("main")
    tab.evaluate("scrollTo(0, 200)")
    query = tab.evaluate("location.search + location.hash")
    watched.finish(MODELS[2], "linear")
    tab.get_by_text("mobilenetv3_large_100").first.wait_for(state="attached", timeout=30_000)
    until(tab, "scrollY === 200")
    assert tab.evaluate("location.search + location.hash") == query
    assert {url.partition("?")[0][: len(watched.address)] for url in tab.asked} == {watched.address}


def test_a_page_that_shows_nothing_new_is_left_alone(watch, tab):
    watched = watch("--port", "0")
    with Store.open(watched.db) as store:
        run = store.rows()[0].run_id[:16]
    tab.goto(f"{watched.address}runs/{run}.html")
    tab.evaluate("globalThis.untouched = true")
    watched.finish(MODELS[2], "linear")
    watched.wait_for_build(2)
    with tab.expect_response("**/version.json*"):
        pass
    with tab.expect_response("**/version.json*"):  # the one before may have been sent earlier
        pass
    assert tab.evaluate("globalThis.untouched")


def test_the_pages_on_disk_ask_nobody(watch):
    watched = watch("--port", "0")
    assert watched.end()[0] == 130
    pages = list(watched.site.rglob("*.html"))
    assert pages
    assert not [page for page in pages if "live.js" in page.read_text(encoding="utf-8")]


def test_ctrl_c_ends_it_without_a_word_too_many(watch, tab):
    watched = watch("--port", "0")
    tab.goto(watched.address)
    code, stderr = watched.end()
    assert code == 130
    assert "Traceback" not in stderr
    assert f"Following {watched.db}; Ctrl-C ends it." in stderr
    tab.get_by_text("Not live any more").wait_for(timeout=10_000)


def test_nothing_listens_beyond_this_machine(watch):
    watched = watch("--port", "0")
    process = psutil.Process(watched.process.pid)
    listening = [found.laddr for found in process.net_connections() if found.status == psutil.CONN_LISTEN]
    assert [place.ip for place in listening] == ["127.0.0.1"]
    assert watched.address == f"http://127.0.0.1:{listening[0].port}/"


def test_told_to_let_others_read_it_says_so(watch):
    watched = watch("--port", "0", "--host", "0.0.0.0")  # noqa: S104 - the claim
    assert watched.address.startswith("http://localhost:")
    assert "Everyone who can reach this machine over the network can read it." in watched.end()[1]


def test_a_port_that_is_in_use_is_an_error_if_it_was_asked_for_and_else_another_is_taken(watch):
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    refused = watch("--port", port)
    _, stderr = refused.process.communicate(timeout=20)
    assert refused.process.returncode == 2
    assert stderr.startswith(f"error: Cannot listen on 127.0.0.1, port {port}.")
    assert len(stderr.strip().splitlines()) == 3
    taken.close()
    try:
        ours = socket.create_server(("127.0.0.1", PORT))
    except OSError:  # somebody else has it: as well
        ours = None
    watched = watch()
    assert watched.address != f"http://127.0.0.1:{PORT}/"
    assert f"Port {PORT} is in use" in watched.end()[1]
    if ours:
        ours.close()


def test_a_build_that_fails_is_said_and_the_last_good_site_stays(watch):
    watched = watch("--port", "0")
    before = (watched.site / "index.html").read_bytes()
    (watched.site / "site.json").unlink()  # now it is a folder of somebody else's
    watched.finish(MODELS[2], "linear")
    line = ""
    while "The site stays as it is." not in line:
        line = watched.process.stderr.readline()
        assert line
    assert "files that are not of an earlier site" in line
    assert b"<main" in watched.get("/")
    assert (watched.site / "index.html").read_bytes() == before
