"""The strings behind the sandbox: what tests, benchmarks and people at a terminal do to it while it runs."""

from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from integrations.sandbox.faults import Fault, Faults, from_text
from integrations.sandbox.stats import Stats
from integrations.sandbox.syspro import office, seeding
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.company import AGES, Company
from integrations.sandbox.syspro.framing import Framing
from integrations.sandbox.syspro.odata.service import Site
from integrations.sandbox.syspro.sessions import Sessions


class Control:
    def __init__(
        self,
        company: Company,
        sessions: Sessions,
        site: Site,
        faults: Faults,
        stats: Stats,
        latency: tuple[float, float] | None = None,
        *,
        strict: bool = False,
        framing: Framing = Framing.BARE,
    ) -> None:
        self.company, self.sessions, self.site = company, sessions, site
        self.faults_on, self.calls, self.latency = faults, stats, latency
        self.strict, self.framing = strict, framing

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock: sessions age, and today becomes another day."""
        self.company.clock.ahead += seconds

    def stats(self) -> dict[str, Any]:
        """What was called since the start or the last `reset`, who is logged on, and how many rows there are."""
        with self.company.store.lock:
            return {
                **self.calls.report(),
                "logons": self.sessions.logons,
                "evictions": self.sessions.evictions,
                "logged_on": [session.operator for session in self.sessions.live()],
                "rows": self.company.store.counts(),
            }

    def reset(self) -> None:
        """Set the counters to nought and switch all faults off."""
        self.calls.reset()
        self.sessions.logons = self.sessions.evictions = 0
        self.faults_on.set(())

    def faults(self, *faults: Fault | str) -> None:
        """Switch on exactly these faults, drawn anew from the seed."""
        self.faults_on.set(tuple(from_text(fault) if isinstance(fault, str) else fault for fault in faults))

    # --- what happened ---

    def journal(self) -> list[dict[str, Any]]:
        """Every effect on a row since the start, in order: see `journal.Entry`."""
        with self.company.store.lock:
            return self.company.store.journal.report()

    def attempts(self) -> list[dict[str, str]]:
        """Every item that reached a transaction object, whatever became of it: see `company.Attempt`."""
        with self.company.store.lock:
            return [asdict(attempt) for attempt in self.company.attempts]

    def posted(self, name: str = "APSTIN") -> Counter[str]:
        """How often each document was posted by an object: `{"1/INV-10234": 1}`, suppliers without their zeros."""
        with self.company.store.lock:
            tried = self.company.attempts
            return Counter(one.key for one in tried if one.object == name and one.outcome == "posted")

    # --- rows ---

    def rows(self, table: str) -> list[Row]:
        """Raises KeyError for a table that there is not."""
        with self.company.store.lock:
            return [dict(row) for row in self.company.store[table].all()]

    def row(self, table: str, *key: str) -> Row | None:
        """Numeric suppliers and orders may come without their zeros."""
        with self.company.store.lock:
            rows = self.company.store[table]
            found = rows.get(*key) or rows.get(*map(self.company.padded, key))
            found = found or rows.get(self.company.padded(key[0]), *key[1:])
            return dict(found) if found else None

    def put(self, table: str, members: dict[str, Any]) -> Row:
        """Write a row as somebody in the office would. Raises KeyError, ValueError."""
        with self.company.store.lock:
            return dict(self.company.put(table, **members))

    def add_supplier(self, code: str, name: str, **members: Any) -> None:
        with self.company.store.lock:
            office.add_supplier(self.company, code, name, **members)

    def add_account(
        self, code: str, description: str = "", kind: str = "E", *, on_hold: bool = False
    ) -> None:
        self.put("GenMaster", {"Company": self.company.code, "GlCode": code, "Description": description or code,
                               "AccountType": kind, "AccOnHldFlag": "Y" if on_hold else "N"})  # fmt: skip

    def add_stock(
        self,
        code: str,
        description: str = "",
        cost: str = "1",
        held: dict[str, int] | None = None,
        **members: Any,
    ) -> None:
        """A stock code, and how much of it each warehouse that stocks it holds (default: none, in MAIN)."""
        with self.company.store.lock:
            office.add_stock(self.company, code, description or code, cost, held or {"MAIN": 0}, **members)

    def on_hand(self, code: str, warehouse: str = "MAIN") -> Decimal:
        """Raises KeyError where the warehouse does not stock it."""
        return self.company.store["InvWarehouse"].by_key[code, warehouse]["QtyOnHand"]

    def add_invoice(self, supplier: str, number: str, total: str | Decimal) -> None:
        """Somebody in the office posts an invoice by hand. Raises ValueError for an unknown supplier."""
        with self.company.store.lock:
            office.add_invoice(self.company, supplier, number, Decimal(total))

    def hold_supplier(self, code: str, on: bool = True) -> None:
        self.put("ApSupplier", {"Supplier": self.company.padded(code), "OnHold": "Y" if on else "N"})

    def pay(self, supplier: str, number: str, amount: str | Decimal | None = None) -> Row:
        """Pay an invoice, all of it if no amount is given. Raises ValueError for one that is not there."""
        with self.company.store.lock:
            return office.pay(self.company, supplier, number, None if amount is None else Decimal(amount))

    def add_order(self, supplier: str, lines: dict[str, Any], reference: str = "") -> str:
        """A purchase order of the office: quantity and price by stock code, for MAIN. Returns its number."""
        with self.company.store.lock:
            wanted = {code: (Decimal(quantity), Decimal(price)) for code, (quantity, price) in lines.items()}
            return office.add_order(self.company, supplier, wanted, reference)

    def receive_order(self, number: str, line: int, quantity: str | int) -> None:
        """Goods of an order come in. Raises KeyError for a line that is not there."""
        with self.company.store.lock:
            office.receive_order(self.company, number, line, Decimal(quantity))

    def cancel_order(self, number: str) -> None:
        with self.company.store.lock:
            office.cancel_order(self.company, number)

    def adjust_stock(
        self, code: str, quantity: str | int, warehouse: str = "MAIN", reference: str = ""
    ) -> None:
        """Somebody in the stores adjusts what a warehouse holds. Raises KeyError where it does not stock it."""
        with self.company.store.lock:
            office.adjust_stock(self.company, code, warehouse, Decimal(quantity), reference)

    # --- what finance and the administrator do ---

    def close_period(self, letter: str = "C") -> None:
        """No document is posted into this period from now on: C current, P previous, B before. Raises ValueError."""
        self.company.open_periods.discard(_age(letter))

    def open_period(self, letter: str = "C") -> None:
        self.company.open_periods.add(_age(letter))

    def end_month(self) -> None:
        with self.company.store.lock:
            self.company.end_month()

    def evict(self, operator: str = seeding.OPERATOR) -> None:
        """A person logs on at a desktop as this operator."""
        self.sessions.evict(operator)

    def expire_sessions(self) -> None:
        self.sessions.expire_all()

    def lock_operator(self, operator: str = seeding.OPERATOR, on: bool = True) -> None:
        self.sessions.operators[operator].locked = on

    def deny_warehouse(self, warehouse: str, on: bool = True) -> None:
        """The operators of e.net may not move stock of this warehouse from now on."""
        (self.company.denied_warehouses.add if on else self.company.denied_warehouses.discard)(warehouse)

    def license(self, name: str, on: bool = True) -> None:
        """Whether the company has a licence for a business object."""
        (self.company.unlicensed.discard if on else self.company.unlicensed.add)(name)


def _age(letter: str) -> str:
    if letter not in AGES:
        raise ValueError(f"The periods are {', '.join(AGES)}.")
    return letter
