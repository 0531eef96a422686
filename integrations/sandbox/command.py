"""Starting a sandbox from a command line: the options, and what is printed for whoever wants to connect."""

import argparse
import signal
import threading

from integrations.sandbox import server
from integrations.sandbox.servicetitan import Sandbox, create_app, credentials


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("system", choices=["servicetitan"], help="the system to stand in for")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8300, help="0 takes a free one (default: 8300)")
    parser.add_argument("--customers", type=int, default=200, help="how many customers the shop has")
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same shop and the same faults"
    )
    parser.add_argument("--shape", choices=["shop", "exact"], default="shop",
                        help="exact: one location, job and invoice for each customer")  # fmt: skip
    parser.add_argument(
        "--latency", type=_latency, metavar="MS|MIN-MAX", help="milliseconds that each call takes"
    )
    parser.add_argument("--rate", type=int, default=60, help="calls a second per app and tenant; 0: no limit")
    parser.add_argument("--window", choices=["sliding", "bucket"], default="sliding")
    parser.add_argument(
        "--lag", type=float, default=900.0, metavar="SECONDS", help="delay of the export feeds"
    )
    parser.add_argument("--token-life", type=float, default=900.0, metavar="SECONDS")
    parser.add_argument("--page-cap", type=int, default=5000, help="the largest pageSize a list takes")
    parser.add_argument("--feed-page", type=int, default=500, help="rows on a page of an export feed")
    parser.add_argument(
        "--born",
        type=float,
        metavar="UNIX_TIME",
        help="as old as the data is, for the same rows after a restart",
    )
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC",
                        help="a fault by name: html_502:0.05 or server_error:0.1,count=3,path=/jobs")  # fmt: skip


def _latency(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low) / 1000, float(high or low) / 1000


def sandbox_from(options: argparse.Namespace) -> Sandbox:
    """Raises ValueError for a fault that does not exist."""
    return create_app(
        options.customers,
        options.seed,
        lag=options.lag,
        latency=options.latency,
        rate=options.rate or None,
        window=options.window,
        token_life=options.token_life,
        faults=options.fault,
        shape=options.shape,
        page_cap=options.page_cap,
        feed_page=options.feed_page,
        born=options.born,
    )


def describe(url: str, sandbox: Sandbox) -> str:
    """What to type into a connection, and the pages a person may want."""
    known = credentials(sandbox)
    lines = {
        "API and token URL": url,
        "Tenant id": known["tenant_id"],
        "Client id": known["client_id"],
        "Client secret": known["client_secret"],
        "App key": known["app_key"],
        "Merchant's admin": f"{url}/admin/",
        "Control": f"{url}/_sandbox/stats",
    }
    width = max(map(len, lines))
    rows = [f"  {name:<{width}}  {value}" for name, value in lines.items()]
    host = url.removeprefix("http://")
    note = f"The portal connects to it only with {host} in CUSTOM_API_HOSTS."
    return "\n".join(["A ServiceTitan sandbox is ready.", *rows, note, "Ctrl-C ends it."])


def serve(running: server.Running) -> None:
    """Serve until SIGINT or SIGTERM."""
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    ended.wait()
    running.stop()
