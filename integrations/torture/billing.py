"""A torture of posting: invoices of completed jobs go to accounts payable while replies are lost and workers are killed.

The route: a ServiceTitan without a completed job and a SYSPRO, both read once -> the flow installed, its tables mapped ->
faults on -> jobs completed and kills, interleaved by seed -> faults off, left to come to rest -> some idle cycles ->
verdict, by SYSPRO's journal.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.models import Connection, Delivery, FlowItem, SyncRule
from integrations.sandbox.server import running
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.torture.billing_checking import Ended, billing_verdict
from integrations.torture.billing_offices import Books, Completing, Shop
from integrations.torture.checking import Verdict
from integrations.torture.killing import Killer
from integrations.torture.resting import Say, edits_and_kills, idle, rest
from integrations.torture.workers import Nursery, in_a_hurry
from portal.models import Partner, Tenant
from reconciliation.models import ApInvoice, Invoice, Link, Vendor

FLOW = "invoice_to_ap"
SYSTEMS = (Shop.side, Books.side)
DEFAULTS = {"stock_code": "SVC", "item_ledger": "20-5100", "branch": "20", "technician": "T1"}
"""Where everything goes that is in no mapping table."""
TAX_ACCOUNT = "00-1450"


@dataclass(slots=True)
class BillingReport:
    """What was done, and the verdict on it. `billed` and `posted` are sums of money; `logons` are SYSPRO's sessions."""

    seed: int
    kills: int
    invoices: int
    postings: int
    billed: str
    posted: str
    logons: int
    evictions: int
    seconds: float
    verdict: Verdict
    protected: bool


def torture_billing(
    seed: int, kills: int, invoices: int, *, protected: bool = True, say: Say = lambda text: None
) -> BillingReport:
    """Raises NoRest where it does not end."""
    began = time.monotonic()
    shop, books = Shop(seed, invoices), Books(seed)
    with ExitStack() as stack:
        urls = [stack.enter_context(running(office.app)) for office in (shop, books)]
        hosts = [url.removeprefix("http://") for url in urls]
        stack.enter_context(in_a_hurry(hosts, protected=protected))
        connections = _world(shop, books, urls)
        editor = Completing(shop, books, Random(seed))  # noqa: S311  # a seed must repeat
        shop.app.control.faults(*shop.faults)
        books.app.control.faults(*books.faults)
        with closing(Nursery(hosts, protected=protected)) as nursery:
            edits_and_kills(editor, Killer(nursery, editor.random).one, kills, invoices, say)
            shop.app.control.faults()
            books.app.control.faults()
            say("Left to come to rest …")
            rest(connections, asking=True)
            before = len(books.postings())
            idle(connections)
        ended = _ended(shop, books, connections[0].tenant, before)
        SyncRule.objects.filter(connection__in=connections).update(enabled=False)
    stats, sums = books.app.control.stats(), ended.sums
    return BillingReport(
        seed, kills, invoices, len(ended.posted), f"{sums[0]:.2f}", f"{sums[1]:.2f}", stats["logons"],
        stats["evictions"], time.monotonic() - began, billing_verdict(ended), protected,
    )  # fmt: skip


def _world(shop: Shop, books: Books, urls: Sequence[str]) -> list[Connection]:
    """A merchant between both, its flow on and all of its tables mapped."""
    partner, _ = Partner.objects.get_or_create(slug="torture", defaults={"name": "Torture"})
    tenant = Tenant.objects.create(partner=partner, name="Torture", slug=f"torture-{time.time_ns()}")
    connections = [shop.connect(tenant, urls[0]), books.connect(tenant, urls[1])]
    house = Vendor.objects.filter(tenant=tenant).order_by("pk").first()
    chosen = {"vendor": house.pk if house else None, "tax_account": TAX_ACCOUNT}
    install(tenant, FLOWS[FLOW], chosen, since=datetime(2000, 1, 1, tzinfo=UTC))
    for name, target in DEFAULTS.items():
        table = TABLES[name]
        clean = storing.Checker(tenant, table).clean(target)
        storing.store(tenant, table, [storing.Row(Key("", ""), clean)], user=None)
    for polled, connection in zip((shop.polled, books.polled), connections, strict=True):
        connection.rules.exclude(entity__in=polled).update(enabled=False)
    return connections


def _ended(shop: Shop, books: Books, tenant: Tenant, before: int) -> Ended:
    postings = books.postings()
    return Ended(shop.billed(), postings, _known(tenant), _told(tenant), len(postings) - before)


def _known(tenant: Tenant) -> dict[str, Decimal]:
    """What the portal made of invoices and says is posted."""
    links = Link.objects.filter(source__tenant=tenant, source__system=Books.side, entity="ap_invoice")
    rows = ApInvoice.objects.filter(
        tenant=tenant, invoice__isnull=False, pk__in=links.filter(state=Link.State.LIVE).values("record_id")
    )
    return {
        row.number: (row.total or Decimal(0)).quantize(Decimal("0.01")) for row in rows.exclude(journal="")
    }


def _told(tenant: Tenant) -> set[str]:
    """Numbers of invoices that a person finds in a list of what waits: items of the flow, and deliveries."""
    asked = FlowItem.objects.filter(
        flow__tenant=tenant, state__in=(FlowItem.State.WAITING, FlowItem.State.FAILED)
    )
    bills = Invoice.objects.filter(tenant=tenant, pk__in=asked.values("record_id"))
    stuck = Delivery.objects.filter(
        connection__tenant=tenant, entity="ap_invoice", state=Delivery.State.NEEDS_PERSON
    )
    rows = ApInvoice.objects.filter(tenant=tenant, pk__in=stuck.values("record_id"))
    return {*bills.values_list("number", flat=True), *rows.values_list("number", flat=True)}
