"""Serves a site to browsers, for reading only: the files that the site lists, and which of them changed lately."""

from __future__ import annotations

import ipaddress
import json
import socket
import socketserver
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from bench.report.html import template_text
from bench.report.site.material import OVERVIEW

CHANGES = "version.json"
"""Asked for as `version.json?since=3`: the present build's number, and the files that changed after the third."""

LIVE = "live.js"
"""The script that every page is given on its way out: it asks for `CHANGES`, and reloads the page."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline' 'self'; script-src 'unsafe-inline' 'self'; "
    "img-src data: blob: 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What every page says of itself too, but for `frame-ancestors`, which only a header can say."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Resource-Policy": "same-origin",  # else any web page could load our data as a script
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SiteServer(ThreadingHTTPServer):
    """Listens on one address. `changed` says of each file that may be read by which build it last changed.

    Raises OSError where it cannot listen.
    """

    daemon_threads = True

    def __init__(self, folder: Path, host: str, port: int) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.address_family, self.host = found[0], host
        self.folder = folder.resolve()
        self.build, self.changed = 0, dict[str, int]()
        super().__init__(found[4][:2], _Reader)  # type: ignore[arg-type] # typeshed knows no IPv6 address of four

    def server_bind(self) -> None:
        """Bind without looking up the machine's name, for which the base class may ask the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, int(self.server_address[1])

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    @property
    def address(self) -> str:
        """What to type into a browser on this machine."""
        bound = ipaddress.ip_address(str(self.server_address[0]))
        name = "localhost" if bound.is_unspecified else str(bound)
        return f"http://{f'[{name}]' if ':' in name else name}:{self.server_port}/"

    def start(self) -> None:
        """Serve from now on, in threads of its own; `shutdown` ends that."""
        threading.Thread(target=self.serve_forever, name="bench-site", daemon=True).start()

    def show(self, build: int, changed: Mapping[str, int]) -> None:
        """Serve what a build has made: `changed` lists every file."""
        self.changed, self.build = dict(changed), build

    def may_be_asked_as(self, name: str) -> bool:
        """Say whether a `Host` is ours: any other is a foreign name that was made to lead here (DNS rebinding)."""
        try:
            asked = ipaddress.ip_address(name)
        except ValueError:
            machine = socket.gethostname().lower()
            ours = {"localhost", self.host.lower()} | (set() if self.is_private else {machine, f"{machine}.local"})
            return name.lower() in ours
        return asked.is_loopback or not self.is_private

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that went away; all else is a bug, and shows."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # passed on as it came


class _Reader(BaseHTTPRequestHandler):
    """Answers GET and HEAD, and refuses all else, for what the site lists and nothing else."""

    server: SiteServer
    server_version, sys_version = "bench", ""
    timeout = 30
    default_request_version = "HTTP/1.0"  # what is no request at all is answered with headers too

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        try:
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
            asked = urlsplit(self.path)
        except ValueError:
            self._send(HTTPStatus.BAD_REQUEST, b"This is no address.\n", "text/plain")
            return
        path = unquote(asked.path).removeprefix("/") or OVERVIEW
        if not self.server.may_be_asked_as(host):
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"This site has another name.\n", "text/plain")
        elif path == CHANGES:
            self._send_changes(asked.query)
        elif path == LIVE:
            self._send(HTTPStatus.OK, template_text(LIVE).encode(), "text/javascript")
        elif (content := self._read(path)) is None:
            self._send(HTTPStatus.NOT_FOUND, b"There is no such page.\n", "text/plain")
        else:
            kind = guess_type(path)[0] or "application/octet-stream"
            self._send(HTTPStatus.OK, self._alive(content) if kind == "text/html" else content, kind)

    def _read(self, path: str) -> bytes | None:
        """Read a file that the site lists and that lies in its folder; None for all else."""
        if path not in self.server.changed:
            return None
        try:
            file = (self.server.folder / path).resolve()
            return file.read_bytes() if file.is_relative_to(self.server.folder) else None
        except OSError:
            return None

    def _alive(self, page: bytes) -> bytes:
        before, end, after = page.rpartition(b"</body>")
        return b'%s<script src="/%s" data-build="%d"></script>\n%s%s' % (
            before, LIVE.encode(), self.server.build, end, after,
        )  # fmt: skip

    def _send_changes(self, query: str) -> None:
        try:
            since = int(parse_qs(query)["since"][0])
        except (LookupError, ValueError):
            since = 0
        files = [path for path, build in self.server.changed.items() if build > since]
        said = json.dumps({"build": self.server.build, "files": files})
        self._send(HTTPStatus.OK, said.encode(), "application/json")

    def end_headers(self) -> None:
        """Send the headers that every answer has, also one that the base class gives: 400, 414, 501, ..."""
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        text = kind.startswith("text/") or kind == "application/json"
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if text else kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: the terminal shows what the sweep did."""
