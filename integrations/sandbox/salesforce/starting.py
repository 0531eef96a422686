"""The options of `sandbox salesforce`, and what its sandbox is told to those who connect."""

import argparse
from pathlib import Path
from typing import Any

from integrations.sandbox.salesforce.app import Sandbox, create_app, credentials


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accounts", type=int, default=20, help="how many accounts the org has")
    parser.add_argument("--bare", action="store_true", help="without external-id fields and invoice object")
    parser.add_argument("--no-person-accounts", action="store_true", help="business accounts only")
    parser.add_argument("--allowance", type=int, default=100_000, help="calls in 24 hours")
    parser.add_argument("--used", type=int, default=0, help="calls of the allowance that are gone already")
    parser.add_argument("--query-page", type=int, default=2000, help="the most rows on a page of a query")
    parser.add_argument("--callback", action="append", default=[], metavar="URL",
                        help="a redirect URI that the app may use (default: any)")  # fmt: skip
    parser.add_argument(
        "--certificate", type=Path, metavar="PEM", help="certificate or public key of JWT bearers"
    )
    parser.add_argument("--rotate", action="store_true", help="each refresh gives a new refresh token")


def make(options: argparse.Namespace) -> Sandbox:
    """Raises ValueError for a fault that does not exist, OSError for a certificate that cannot be read."""
    return create_app(
        options.accounts,
        options.seed,
        prepared=not options.bare,
        person_accounts=not options.no_person_accounts,
        allowance=options.allowance,
        used=options.used,
        token_life=options.token_life or 7200.0,
        latency=options.latency,
        faults=options.fault,
        callbacks=options.callback,
        certificate=options.certificate.read_bytes() if options.certificate else b"",
        query_page=options.query_page,
        rotates=options.rotate,
    )


def describe(url: str, sandbox: Sandbox) -> tuple[str, dict[str, Any]]:
    known = credentials(sandbox)
    return "Salesforce", {
        "Log-in and API URL": url,
        "Client id": known["client_id"],
        "Client secret": known["client_secret"],
        "Username": known["username"],
        "Password": known["password"],
        "Security token": known["security_token"],
        "Organization id": known["org_id"],
    }
