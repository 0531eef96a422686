"""The options of `sandbox servicetitan`, and what its sandbox is told to those who connect."""

import argparse
from typing import Any

from integrations.sandbox.servicetitan.app import Sandbox, create_app, credentials


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customers", type=int, default=200, help="how many customers the shop has")
    parser.add_argument("--shape", choices=["shop", "exact"], default="shop",
                        help="exact: one location, job and invoice for each customer")  # fmt: skip
    parser.add_argument("--rate", type=int, default=60, help="calls a second per app and tenant; 0: no limit")
    parser.add_argument("--window", choices=["sliding", "bucket"], default="sliding")
    parser.add_argument(
        "--lag", type=float, default=900.0, metavar="SECONDS", help="delay of the export feeds"
    )
    parser.add_argument("--page-cap", type=int, default=5000, help="the largest pageSize a list takes")
    parser.add_argument("--feed-page", type=int, default=500, help="rows on a page of an export feed")
    parser.add_argument(
        "--born",
        type=float,
        metavar="UNIX_TIME",
        help="as old as the data is, for the same rows after a restart",
    )


def make(options: argparse.Namespace) -> Sandbox:
    """Raises ValueError for a fault that does not exist."""
    return create_app(
        options.customers,
        options.seed,
        lag=options.lag,
        latency=options.latency,
        rate=options.rate or None,
        window=options.window,
        token_life=options.token_life or 900.0,
        faults=options.fault,
        shape=options.shape,
        page_cap=options.page_cap,
        feed_page=options.feed_page,
        born=options.born,
    )


def describe(url: str, sandbox: Sandbox) -> tuple[str, dict[str, Any]]:
    known = credentials(sandbox)
    return "ServiceTitan", {
        "API and token URL": url,
        "Tenant id": known["tenant_id"],
        "Client id": known["client_id"],
        "Client secret": known["client_secret"],
        "App key": known["app_key"],
        "Application GUID": known["application_guid"],
        "Merchant's admin": f"{url}/admin/",
    }
