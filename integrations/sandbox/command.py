"""Starting a sandbox from a command line: each system's options, and what is printed for whoever wants to connect."""

import argparse
import gc
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from integrations.sandbox import server, tls
from integrations.sandbox.options import add_shared
from integrations.sandbox.salesforce import keeping as org
from integrations.sandbox.salesforce import starting as salesforce
from integrations.sandbox.servicetitan import keeping as shop
from integrations.sandbox.servicetitan import starting as servicetitan
from integrations.sandbox.syspro import keeping as company
from integrations.sandbox.syspro import starting as syspro

SELDOM = (50_000, 20, 100)
"""Thresholds of the garbage collector: writing 100,000 rows then takes a third less."""


@dataclass(frozen=True, slots=True)
class System:
    """How one sandbox is started. `make` raises ValueError for a fault that does not exist; `describe` gives the
    name of the system, and what to type into a connection and the pages a person may want, by what they are;
    `load` goes on with what `save` has kept in a file, and raises ValueError for one that is not ours."""

    port: int
    add_arguments: Callable[[argparse.ArgumentParser], None]
    make: Callable[[argparse.Namespace], Any]
    describe: Callable[[str, Any], tuple[str, dict[str, Any]]]
    load: Callable[[Any, Path], object]
    save: Callable[[Any, Path], None]


SYSTEMS: Mapping[str, System] = {
    "servicetitan": System(
        8300, servicetitan.add_arguments, servicetitan.make, servicetitan.describe, shop.load, shop.save
    ),
    "salesforce": System(
        8400, salesforce.add_arguments, salesforce.make, salesforce.describe, org.load, org.save
    ),
    "syspro": System(8500, syspro.add_arguments, syspro.make, syspro.describe, company.load, company.save),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    systems = parser.add_subparsers(dest="system", required=True, help="the system to stand in for")
    for name, system in SYSTEMS.items():
        one = systems.add_parser(name, help=f"a local {name}")
        add_shared(one, system.port)
        system.add_arguments(one)


def sandbox_from(options: argparse.Namespace) -> WSGIApplication:
    """Raises ValueError for a fault that does not exist and for a kept file that is none."""
    system = SYSTEMS[options.system]
    sandbox = system.make(options)
    if options.keep:
        system.load(sandbox.control, options.keep)
    return sandbox


def start(options: argparse.Namespace, sandbox: WSGIApplication, folder: Path) -> server.Running:
    """Serve in the background; with `--tls` under a certificate that is kept in `folder`. Raises OSError."""
    pair = tls.certificate_in(folder / "sandbox_tls", options.host) if options.tls else None
    return server.start_in_thread(sandbox, options.host, options.port, tls=pair)


def describe(options: argparse.Namespace, running: server.Running, sandbox: Any) -> str:
    """What is printed once it listens."""
    name, lines = SYSTEMS[options.system].describe(running.url, sandbox)
    if running.certificate:
        lines = {**lines, "Certificate to trust": running.certificate}
    lines = {**lines, "Control": f"{running.url}/_sandbox/stats"}
    width = max(map(len, lines))
    rows = [f"  {title:<{width}}  {value}" for title, value in lines.items()]
    host = running.url.partition("://")[2]
    note = f"The portal connects to it only with {host} in CUSTOM_API_HOSTS."
    return "\n".join([f"A {name} sandbox is ready.", *rows, note, "Ctrl-C ends it."])


def serve(options: argparse.Namespace, running: server.Running, sandbox: Any) -> None:
    """Serve until SIGINT or SIGTERM. Rows live as long as the process, so garbage is looked for seldom.

    Raises OSError where they are to be kept and cannot be.
    """
    gc.set_threshold(*SELDOM)
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    ended.wait()
    running.stop()
    if options.keep:
        SYSTEMS[options.system].save(sandbox.control, options.keep)
