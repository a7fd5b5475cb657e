"""`bench report --watch`: the site of a database that is being written to, served and kept up to date."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.display import terminal
from bench.errors import BenchError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.commands.report_images import ImagesAtHand
    from bench.report.site.build import Wanted
    from bench.report.site.live import LiveSite
    from bench.report.site.server import SiteServer
    from bench.store.store import Store

HOST, PORT = "127.0.0.1", 8321
LOOK_EVERY_S = 1.0
REST_S = 3.0
REST_PER_BUILD = 4.0
"""A site stays as it is for `REST_S`, or for so many times as long as building it took: training comes first."""

AFTER_A_FAILURE_S = 30.0


def serve(
    store: Store, folder: Path, wanted: Wanted, images: ImagesAtHand, *, host: str | None, port: int | None
) -> None:
    """Write a site and serve it; write it again whenever the database has changed, until Ctrl-C."""
    from bench.commands.display.counting import Counting
    from bench.report.site.live import LiveSite

    console, site = terminal.err(), LiveSite(store, folder, wanted)
    with _listen(folder, host, port, console) as server:
        with Counting(console, "Writing pages") as bar:
            site.update(lambda done, total: bar(done, total, ""))
        images.say_missing(console)
        server.show(site.build, site.changed)
        server.start()
        terminal.out().print(server.address, soft_wrap=True)
        console.print(f"Following {store.location}; Ctrl-C ends it.", style="dim", soft_wrap=True)
        try:
            _follow(site, server, console)
        finally:
            server.shutdown()


def _listen(folder: Path, host: str | None, port: int | None, console: Console) -> SiteServer:
    """Listen where it was asked for; without a port on ours, or on the next free one where that is taken.

    Says on the terminal what a user would not expect. Raises BenchError where listening is not possible.
    """
    from bench.report.site.server import SiteServer

    host, wanted = host or HOST, PORT if port is None else port
    try:
        try:
            server = SiteServer(folder, host, wanted)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port is not None:
                raise
            server = SiteServer(folder, host, 0)
            console.print(f"note: Port {PORT} is in use, so it is another one.", style="yellow")
    except OSError as error:
        raise BenchError(
            f"Cannot listen on {host}, port {wanted}.",
            f"{error.strerror or error}.",
            "Give another --port, or 0 for any that is free." if error.errno == errno.EADDRINUSE
            else "Leave out --host and --port, or give an address of this machine and a port from 1024 on.",
        ) from error  # fmt: skip
    if not server.is_private:
        console.print("note: Everyone who can reach this machine over the network can read it.", style="yellow")
    return server


def _follow(site: LiveSite, server: SiteServer, console: Console) -> None:
    """Keep a site up to date. What fails is said, and the site stays as it is."""
    rest_s = 0.0
    while True:
        time.sleep(max(rest_s, LOOK_EVERY_S))
        try:
            rest_s = _refresh(site, server, console) if site.is_behind() else 0.0
        except BenchError as error:
            rest_s = _failed(console, f"{error.what} {error.why}")
        except Exception as error:  # noqa: BLE001 - a bug on one page must not end what others look at
            rest_s = _failed(console, f"That is a bug in bench: {type(error).__name__}: {error}")


def _refresh(site: LiveSite, server: SiteServer, console: Console) -> float:
    """Build a site again, and return for how many seconds it is to be left alone."""
    begun = time.monotonic()
    changed = site.update()
    server.show(site.build, site.changed)
    if changed:
        console.print(f"{time.strftime('%H:%M:%S')}  {changed} file{'s' * (changed != 1)} changed", style="dim")
    return max(REST_S, REST_PER_BUILD * (time.monotonic() - begun))


def _failed(console: Console, why: str) -> float:
    console.print(f"{time.strftime('%H:%M:%S')}  The site stays as it is. {why}", style="yellow", soft_wrap=True)
    return AFTER_A_FAILURE_S
