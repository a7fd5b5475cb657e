"""The server of `bench report --watch`: it reads a site out to its own machine, and does nothing else."""

import http.client
import json
import socket
import threading

import psutil
import pytest

from bench.report.site.server import POLICY, SiteServer

PAGE = "<!doctype html><title>A site</title><body><p>Hello</p></body>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    beside = tmp_path_factory.mktemp("served")
    folder = beside / "site"
    (folder / "runs").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "runs" / "a b.html").write_text(PAGE)
    (folder / "data.js").write_text("let secret = 1;")
    (folder / "unlisted.txt").write_text("not of the site")
    (beside / "precious").write_text("out of reach")
    (folder / "link.txt").symlink_to(beside / "precious")
    return folder


@pytest.fixture(scope="module")
def server(site):
    with SiteServer(site, "127.0.0.1", 0) as made:
        made.show(3, {"index.html": 1, "runs/a b.html": 3, "data.js": 2, "link.txt": 1, "gone.html": 1})
        made.start()
        yield made
        made.shutdown()


def ask(server, path, method="GET", **headers):
    """Send a request as it stands; returns its status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"127.0.0.1:{server.server_port}", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_a_page_is_served_with_the_script_that_reloads_it(server):
    status, headers, body = ask(server, "/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.decode() == PAGE.replace("</body>", '<script src="/live.js" data-build="3"></script>\n</body>')
    assert ask(server, "/index.html")[2] == ask(server, "/runs/a%20b.html?x=1")[2] == body


def test_other_files_are_served_as_they_are(server):
    status, headers, body = ask(server, "/data.js")
    assert (status, body) == (200, b"let secret = 1;")
    assert headers["Content-Type"].startswith("text/javascript")


def test_head_says_what_get_would(server):
    status, headers, body = ask(server, "/data.js", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "15", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "X"])
def test_whatever_is_not_reading_is_refused(server, site, method):
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert ask(server, "/index.html", method)[0] == 501
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "path",
    [
        "/../precious", "/..%2fprecious", "/%2e%2e/precious", "/runs/../../precious", "/runs/..%2f..%2fprecious",
        "/..%5cprecious", "//etc/passwd", "/%2fetc%2fpasswd", "/runs", "/runs/", "/.", "/index.html/",
        "/index.html%00", "/unlisted.txt", "/link.txt", "/gone.html", "/INDEX.HTML", "/~root", "/%", "/%ff", "http://x/../precious",
    ],
)  # fmt: skip
def test_what_the_site_does_not_list_cannot_be_had(server, path):
    status, _, body = ask(server, path)
    assert status == 404
    assert b"out of reach" not in body


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:8321", "127.1.2.3"]
)
def test_it_answers_to_the_names_of_this_machine(server, host):
    assert ask(server, "/", Host=host)[0] == 200


FOREIGN = ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7", "", "[")


@pytest.mark.parametrize("host", [*FOREIGN, socket.gethostname()])
def test_a_foreign_name_that_leads_here_is_refused(server, host):
    status, _, body = ask(server, "/data.js", Host=host)
    assert status in {400, 421}
    assert b"secret" not in body


def test_no_page_of_another_site_may_load_or_frame_it(server):
    for path in ("/", "/data.js", "/version.json", "/nothing"):
        headers = ask(server, path)[1]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == POLICY
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "request_line",
    [b"GET /nowhere HTTP/1.1", b"POST / HTTP/1.1", b"NONSENSE", b"GET / HTTP/9.9", b"GET /" + b"x" * 70_000],
)
def test_every_answer_carries_the_policy_also_those_to_garbage(server, request_line):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head = answer.partition(b"\r\n\r\n")[0].decode()
    assert f"Content-Security-Policy: {POLICY}" in head
    assert "X-Content-Type-Options: nosniff" in head
    assert " 200 " not in head.splitlines()[0]


def test_it_tells_which_files_changed_after_a_build(server):
    def files(query):
        return json.loads(ask(server, f"/version.json{query}")[2])

    assert files("?since=1") == {"build": 3, "files": ["runs/a b.html", "data.js"]}
    assert files("?since=3") == {"build": 3, "files": []}
    for query in ("", "?since=", "?since=x", "?since=-1", f"?since={'9' * 5000}"):
        assert set(files(query)["files"]) <= {*server.changed}


def test_garbage_is_answered_and_does_not_stop_it(server, capfd):
    for text in (
        b"\x00\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"G" * 70_000,
        b"",
    ):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as raw:
            raw.sendall(text)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_nothing_but_its_address(server):
    listening = {found.laddr for found in psutil.Process().net_connections() if found.status == psutil.CONN_LISTEN}
    assert ("127.0.0.1", server.server_port) in listening
    assert {place.ip for place in listening if place.port == server.server_port} == {"127.0.0.1"}
    assert server.is_private
    assert server.address == f"http://127.0.0.1:{server.server_port}/"


def test_told_to_listen_everywhere_it_does_and_knows_it(site):
    with SiteServer(site, "0.0.0.0", 0) as everywhere:  # noqa: S104 - the claim
        everywhere.show(1, {"index.html": 1})
        everywhere.start()
        assert not everywhere.is_private
        assert everywhere.address.startswith("http://localhost:")
        assert ask(everywhere, "/", Host="10.0.0.7")[0] == 200
        assert ask(everywhere, "/", Host=socket.gethostname())[0] == 200
        assert ask(everywhere, "/", Host="evil.example")[0] == 421
        everywhere.shutdown()


def test_many_readers_are_served_at_once(server):
    with socket.create_connection(("127.0.0.1", server.server_port)):  # one that says nothing
        found = []
        threads = [threading.Thread(target=lambda: found.append(ask(server, "/")[0])) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=10)
    assert found == [200] * 8
