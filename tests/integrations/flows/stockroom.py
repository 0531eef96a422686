"""A merchant whose stock ServiceTitan and SYSPRO both keep."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.flows.catalogue import FLOWS
from integrations.flows.installing import install
from integrations.models import Connection, Flow, FlowItem
from integrations.sandbox.servicetitan import stocktaking
from integrations.tables import storing
from integrations.tables.base import Key
from integrations.tables.catalogue import TABLES
from integrations.tables.storing import Checker, Row
from portal.models import Tenant
from reconciliation.models import Adjustment
from tests.integrations.flows.cycle import cycle_of

ITEM, CODE, STORE = "MAT-CAP", "CAP-45-5", "MAIN"


@dataclass
class Stockroom:
    """`st` and `sy` are what a test does to the two sandboxes."""

    tenant: Tenant
    servicetitan: Connection
    st: Any
    syspro: Connection
    sy: Any

    def install(self, name: str, **chosen: Any) -> Flow:
        day = datetime.now(self.tenant.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return install(self.tenant, FLOWS[name], chosen, since=day)

    def map(self, table: str, key: str, target: str) -> None:
        checker = Checker(self.tenant, TABLES[table])
        storing.store(self.tenant, TABLES[table], [Row(Key(key, key), checker.clean(target))], user=None)

    @property
    def place(self) -> int:
        """ServiceTitan's id of the main warehouse."""
        return min(self.st.store["warehouses"].rows)

    def map_all(self) -> None:
        self.map("stock_code", ITEM.casefold(), CODE)
        self.map("warehouse", str(self.place), STORE)

    def adjust(self, quantity: str | int = -2, item: str = ITEM, **more: Any) -> int:
        """Somebody adjusts the stock in ServiceTitan; its id."""
        return int(stocktaking.adjust(self.st, {item: quantity}, **more)["id"])

    def cancel(self, adjustment: int) -> None:
        stocktaking.cancel_adjustment(self.st, adjustment)

    def cycle(self, times: int = 1) -> None:
        """ServiceTitan is read, then SYSPRO; what waits a while has waited."""
        for _ in range(times):
            cycle_of(self.servicetitan)
            FlowItem.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
            cycle_of(self.syspro)

    def moved(self) -> list[tuple[str, str, Decimal, str]]:
        """What was adjusted in SYSPRO, by whomever: (stock code, warehouse, quantity, reference)."""
        rows = [row for row in self.sy.rows("InvMovements") if row["TrnType"] == "A"]
        return [(row["StockCode"], row["Warehouse"], row["TrnQty"], row["Reference"]) for row in rows]

    def record(self, adjustment: int) -> Adjustment:
        return Adjustment.objects.get(external_id=adjustment)

    def item_of(self, flow: Flow, record_id: int) -> FlowItem:
        return FlowItem.objects.get(flow=flow, record_id=record_id)
