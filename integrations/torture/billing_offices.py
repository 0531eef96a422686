"""The two sides of a torture of posting: a ServiceTitan whose jobs are completed one by one, and a SYSPRO that books.

The SYSPRO does not check an invoice's number: it books one that is posted twice a second time, and only the portal's own
care keeps that from happening.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from integrations.models import Connection
from integrations.sandbox import servicetitan, syspro
from integrations.torture.billing_checking import Posting
from integrations.torture.offices import ANY, LATE, connected
from integrations.torture.resting import NoRest
from portal.models import Tenant

COMPLETED, UNDER_WAY = "Completed", "InProgress"
AHEAD = 25
"""How many completed jobs may be unposted, so that workers are killed while they post."""
PATIENCE = 90.0
"""Seconds without a new posting after which one has stopped for good."""


class Shop:
    """A ServiceTitan with at least so many invoices to post. No job of it is completed yet."""

    side = "servicetitan"
    entities: tuple[str, ...] = ("business_unit", "technician", "job_type", "campaign", "customer", "location", "job",
                                 "appointment", "assignment", "invoice")  # fmt: skip
    polled: tuple[str, ...] = ("job", "assignment", "invoice")
    faults: tuple[str, ...] = ("rate_limited:0.005", *ANY)

    def __init__(self, seed: int, invoices: int) -> None:
        self.app = servicetitan.create_app(customers=4, seed=seed, rate=None, lag=0.0)
        self.bills: dict[int, Mapping[str, Any]] = {}
        while len(self.bills) < invoices:
            self.app.control.add(max(1, (invoices - len(self.bills)) // 2))
            self.bills = self._worth_posting()
        for job in self.app.control.rows("jobs"):
            if job["jobStatus"] == COMPLETED:
                self.app.control.change("jobs", job["id"], jobStatus=UNDER_WAY)

    def _worth_posting(self) -> dict[int, Mapping[str, Any]]:
        """The invoices of completed jobs, by job."""
        done = {job["id"] for job in self.app.control.rows("jobs") if job["jobStatus"] == COMPLETED}
        return {
            bill["job"]["id"]: bill
            for bill in self.app.control.rows("invoices")
            if bill["active"] and bill["job"] and bill["job"]["id"] in done and Decimal(bill["total"]) > 0
        }

    def connect(self, tenant: Tenant, url: str) -> Connection:
        known = {name: str(value) for name, value in servicetitan.credentials(self.app).items()}
        return connected(tenant, self, known, url, auth_url=url)

    def billed(self) -> dict[str, Decimal]:
        """What the completed jobs were billed: total by the invoice's number."""
        return {
            bill["referenceNumber"]: Decimal(bill["total"]).quantize(Decimal("0.01"))
            for bill in self._worth_posting().values()
        }


class Books:
    """A SYSPRO company."""

    side = "syspro"
    entities: tuple[str, ...] = ("gl_account", "stock_code", "vendor", "ap_invoice")
    polled: tuple[str, ...] = ("vendor", "ap_invoice")
    faults: tuple[str, ...] = (
        "lost_reply:0.08,path=APSTIN",
        "late_error:0.04,path=APSTIN",
        "garbage:0.03,path=APSTIN",
        "truncated_body:0.03,path=APSTIN",
        "empty_body:0.03,path=APSTIN",
        "cut_body:0.03,path=APSTIN",
        "ledger_error:0.02,path=APSTIN",
        "session_expired:0.05,path=APSTIN",
        "session_evicted:0.05,path=APSTIN",
        "no_license:0.05,path=Logon",
        "lost_reply:0.05,path=Logon",
        "garbage:0.02",
        "empty_body:0.01",
        "html_500:0.02",
        "html_503:0.01",
        "reset:0.03",
        f"slow:0.1,argument={LATE / 2}",
    )

    def __init__(self, seed: int) -> None:
        self.app = syspro.create_app(suppliers=3, seed=seed, strict=True, checks_numbers=False)

    def connect(self, tenant: Tenant, url: str) -> Connection:
        known = {name: str(value) for name, value in syspro.credentials(self.app).items()}
        return connected(tenant, self, known, url + syspro.ENET, auth_url=url + syspro.ODATA)

    def postings(self) -> list[Posting]:
        """Each entry of the payables journal that came through the API, in order."""
        with self.app.control.company.store.lock:
            entries = list(self.app.control.company.store.journal.entries)
        return [
            Posting(entry.after["Invoice"], entry.after["TrnValue"])
            for entry in entries
            if entry.table == "ApJnlSummary" and entry.by == "api"
        ]


@dataclass(slots=True)
class Completing:
    """Completes one job after the other by seed, never far ahead of what is posted. Raises NoRest where nothing is any
    more."""

    shop: Shop
    books: Books
    random: Random
    _left: list[int] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._left = sorted(self.shop.bills)
        self.random.shuffle(self._left)

    def one(self) -> None:
        self._wait()
        self.shop.app.control.change("jobs", self._left.pop(), jobStatus=COMPLETED)
        self._count += 1

    def _wait(self) -> None:
        before, until = -1, 0.0
        while (posted := len({posting.number for posting in self.books.postings()})) < self._count - AHEAD:
            if posted > before:
                before, until = posted, time.monotonic() + PATIENCE
            if time.monotonic() > until:
                raise NoRest(f"{posted} of {self._count} invoices are posted, and no more come.")
            time.sleep(0.05)
