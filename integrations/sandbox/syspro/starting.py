"""The options of `sandbox syspro`, and what its sandbox is told to those who connect."""

import argparse
from typing import Any

from integrations.sandbox.syspro.app import ENET, ODATA, Sandbox, create_app, credentials
from integrations.sandbox.syspro.framing import Framing
from integrations.sandbox.syspro.sessions import IDLE, SEATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suppliers", type=int, default=12, help="how many suppliers the company has")
    parser.add_argument("--framing", choices=list(Framing), default="bare", help="how e.net wraps its bodies")
    parser.add_argument("--long-tokens", action="store_true", help="session ids as long as SYSPRO 8's")
    parser.add_argument("--seats", type=int, default=SEATS, help="how many operators may be logged on")
    parser.add_argument("--strict", action="store_true", help="refuse elements that an object does not know")
    parser.add_argument("--key-width", type=int, default=15, help="digits of numeric keys (SYSPRO 6: 7)")
    parser.add_argument("--odata-dates", choices=["timestamp", "date"], default="timestamp",
                        help="the type of date columns in OData")  # fmt: skip


def make(options: argparse.Namespace) -> Sandbox:
    """Raises ValueError for a fault that does not exist. A session's idle time is the `--token-life`."""
    return create_app(
        options.suppliers,
        options.seed,
        framing=options.framing,
        long_tokens=options.long_tokens,
        idle=options.token_life or IDLE,
        seats=options.seats,
        strict=options.strict,
        key_width=options.key_width,
        odata_dates=options.odata_dates,
        latency=options.latency,
        faults=options.fault,
    )


def describe(url: str, sandbox: Sandbox) -> tuple[str, dict[str, Any]]:
    known = credentials(sandbox)
    return "SYSPRO", {
        "e.net URL": f"{url}{ENET}",
        "OData URL": f"{url}{ODATA}",
        "Operator": known["operator"],
        "Operator password": known["operator_password"],
        "Company": known["company"],
        "Company password": known["company_password"],
        "OData user": known["odata_user"],
        "OData password": known["odata_password"],
    }
