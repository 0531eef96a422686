"""The company: its database, its clock, its payables periods and what its set-up says."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from integrations.sandbox.clock import Clock
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.store import Store

CURRENT, PREVIOUS, BEFORE = "C", "P", "B"
AGES = (CURRENT, PREVIOUS, BEFORE)
CONTROL_ACCOUNT = "00-2100"
INVENTORY_ACCOUNT, VARIANCE_ACCOUNT, RECEIVED_ACCOUNT = "00-1300", "00-5900", "00-2150"
TAX_ACCOUNT = "00-1450"


@dataclass(frozen=True, slots=True)
class Period:
    """A month of payables; `letter` is how a document names it."""

    letter: str
    year: int
    month: int
    open: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A document's item that reached a business object. `outcome`: posted, validated or rejected."""

    object: str
    key: str
    operator: str
    outcome: str


@dataclass(slots=True)
class Company:
    """`key_width`: how wide numeric suppliers and orders are padded with zeros; `checks_numbers`: whether an invoice of a
    number that its supplier has is refused; `zone`: whose days its server's clock keeps; `year`, `month`: the current
    period."""

    store: Store
    clock: Clock
    code: str
    name: str
    currency: str = "USD"
    key_width: int = 15
    checks_numbers: bool = True
    zone: tzinfo = UTC
    year: int = 0
    month: int = 0
    open_periods: set[str] = field(default_factory=lambda: {CURRENT, PREVIOUS})
    attempts: list[Attempt] = field(default_factory=list)
    unlicensed: set[str] = field(default_factory=set)
    denied_warehouses: set[str] = field(default_factory=set)

    def today(self) -> date:
        return datetime.fromtimestamp(self.clock.now(), self.zone).date()

    def period(self, letter: str) -> Period:
        """`letter` is one of AGES."""
        back = self.year * 12 + self.month - 1 - AGES.index(letter)
        return Period(letter, back // 12, back % 12 + 1, letter in self.open_periods)

    def end_month(self) -> None:
        """The next month is the current one: the balances of an invoice move one period back."""
        self.year, self.month = self.year + self.month // 12, self.month % 12 + 1
        for row in self.store["ApInvoice"].all():
            aged = {"MthInvBal2": row["MthInvBal1"], "MthInvBal3": row["MthInvBal2"]}
            self.store["ApInvoice"].put(Supplier=row["Supplier"], Invoice=row["Invoice"], **aged)

    def padded(self, key: str) -> str:
        """A numeric key with the zeros that the database keeps; another as it is."""
        return key.zfill(self.key_width) if key.isdecimal() else key

    def supplier(self, code: str) -> Row | None:
        return self.store["ApSupplier"].get(self.padded(code))

    def account(self, code: str) -> Row | None:
        return self.store["GenMaster"].get(self.code, code)

    def change_account(self, code: str, amount: Decimal) -> None:
        """Debit an account, or credit it with a negative amount."""
        row = self.account(code)
        if row is None:
            return
        side = "PtdDrValue" if amount >= 0 else "PtdCrValue"
        self.store["GenMaster"].put(
            Company=self.code,
            GlCode=code,
            CurrentBalance=row["CurrentBalance"] + amount,
            **{side: row[side] + abs(amount)},
        )

    def put(self, table: str, **members: Any) -> Row:
        return self.store[table].put(**members)
