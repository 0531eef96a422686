"""A merchant between ServiceTitan and SYSPRO, and what a test asks of both."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.models import Connection, Flow, FlowItem
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.tables.storing import Checker, Row
from portal.models import Tenant
from reconciliation.models import ApInvoice, Invoice, Vendor
from tests.integrations.flows.cycle import cycle_of

NAME = "invoice_to_ap"
TAX_ACCOUNT = "00-1450"


@dataclass
class Books:
    """A merchant between its ServiceTitan and its SYSPRO. `st` and `sy` are what a test does to their sandboxes."""

    tenant: Tenant
    servicetitan: Connection
    st: Any
    syspro: Connection
    sy: Any
    credentials: dict[str, str]

    def install(self, **chosen: Any) -> Flow:
        house = Vendor.objects.get(external_id="1")
        chosen = {"vendor": house.pk, "tax_account": TAX_ACCOUNT, **chosen}
        return install(self.tenant, FLOWS[NAME], chosen, since=datetime(2000, 1, 1, tzinfo=UTC))

    def map(self, table: str, **targets: str) -> None:
        checker = Checker(self.tenant, TABLES[table])
        rows = [Row(Key(key, key), checker.clean(target)) for key, target in targets.items()]
        storing.store(self.tenant, TABLES[table], rows, user=None)

    def default(self, table: str, target: str) -> None:
        target = Checker(self.tenant, TABLES[table]).clean(target)
        storing.store(self.tenant, TABLES[table], [Row(Key("", ""), target)], user=None)

    def map_all(self) -> None:
        self.default("stock_code", self.sy.rows("InvMaster")[0]["StockCode"])
        self.default("item_ledger", "20-5100")
        self.default("branch", "20")
        self.default("technician", "T1")

    def cycle(self, times: int = 1) -> None:
        for _ in range(times):
            cycle_of(self.servicetitan, self.syspro)

    def posted(self) -> dict[str, Decimal]:
        """What SYSPRO has of ours: total by number."""
        numbers = set(ApInvoice.objects.filter(invoice__isnull=False).values_list("number", flat=True))
        return {
            row["Invoice"]: Decimal(str(row["OrigInvValue"]))
            for row in self.sy.rows("ApInvoice")
            if row["Invoice"] in numbers
        }


def worth_posting(tenant) -> dict[str, Decimal]:
    """What ServiceTitan's completed jobs were billed: total by number."""
    bills = Invoice.objects.filter(tenant=tenant, active=True, job__status="Completed", total__gt=0)
    return {bill.number: bill.total.quantize(Decimal("0.01")) for bill in bills}


def items(flow) -> dict[str, int]:
    rows = FlowItem.objects.filter(flow=flow).values_list("state", flat=True)
    return {state: list(rows).count(state) for state in set(rows)}
