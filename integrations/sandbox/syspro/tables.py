"""The tables of the company's database (reference, section 8): as many columns as the sandbox fills.

One line each: `Name:15` is a text of 15 characters, `Name#2` a number with two decimals, `Name@` a date.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

Row = dict[str, Any]
"""Texts and dates (ISO, "" for none) as str, numbers as Decimal."""


class Kind(Enum):
    TEXT, NUMBER, DATE = ":", "#", "@"


@dataclass(frozen=True, slots=True)
class Column:
    """`size`: characters of a text, decimals of a number."""

    name: str
    kind: Kind
    size: int = 0

    def fit(self, value: object) -> Any:
        """A value as the database keeps it: a text is cut, a number rounded. Raises ValueError, ArithmeticError."""
        if self.kind is Kind.NUMBER:
            return Decimal(str(value or 0)).quantize(Decimal(1).scaleb(-self.size))
        if self.kind is Kind.DATE:
            return date.fromisoformat(str(value)).isoformat() if value else ""
        return str(value or "")[: self.size]


@dataclass(frozen=True, slots=True)
class Table:
    """`keys` are the columns of the primary key, in order."""

    name: str
    keys: tuple[str, ...]
    columns: Mapping[str, Column]

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in self.keys)

    def fit(self, members: Mapping[str, Any]) -> Row:
        """Raises ValueError for a column that the table has not."""
        if unknown := sorted(set(members) - set(self.columns)):
            raise ValueError(f"{self.name} has no column {unknown[0]}.")
        return {name: self.columns[name].fit(value) for name, value in members.items()}

    def blank(self) -> Row:
        return {name: column.fit("") for name, column in self.columns.items()}


_COLUMN = re.compile(r"(\w+)([:#@])(\d*)")


def _table(name: str, keys: str, columns: str) -> Table:
    found = (Column(one[0], Kind(one[1]), int(one[2] or 0)) for one in _COLUMN.findall(columns))
    return Table(name, tuple(keys.split()), {column.name: column for column in found})


_ADDRESS = "SupAddr1:40 SupAddr2:40 SupAddr3:40 SupAddr4:40 SupAddr5:40 SupPostalCode:10"
_ALL = (
    _table("ApBank", "Bank", "Bank:15 Description:50 Currency:3"),
    _table("ApBranch", "Branch", "Branch:10 Description:50"),
    _table("TblApTerms", "TermsCode", "TermsCode:2 Description:30 DueDays#0 DiscDays#0 DiscPct#2"),
    _table("TblCurrency", "Currency", "Currency:3 Description:30 BuyExchangeRate#6"),
    _table("AdmTax", "TaxCode", "TaxCode:1 Description:30 CurTaxRate#4"),
    _table(
        "ApSupplier", "Supplier",
        "Supplier:15 SupplierName:50 SupShortName:20 Branch:10 TermsCode:2 Bank:15 Currency:3 OnHold:1 "
        "CurrentBalance#2 SupplierClass:10 Area:10 Telephone:20 Fax:20 Email:255 Contact:40 Nationality:3 City:40 "
        "CountyZip:10 TaxRegnNum:25 DefTaxCode:1 SupplierType:1 PurchOrdAllowed:1 GrnMatchReqd:1 MerchGlCode:35 "
        "FreightGlCode:35 UserField1:30 UserField2:30 DateSuppAdded@ LastPurchDate@ LastInvDate@",
    ),
    _table(
        "ApSupplierAddr", "Supplier",
        f"Supplier:15 {_ADDRESS} RemitName:50 RemitAddr1:40 RemitAddr2:40 RemitAddr3:40 RemitAddr4:40 RemitAddr5:40 "
        "RemitPostalCode:10",
    ),
    _table(
        "ApInvoice", "Supplier Invoice",
        "Supplier:15 Invoice:20 JournalDate@ Journal#0 EntryNumber#0 Branch:10 InvoiceDate@ DiscountDate@ DueDate@ "
        "Reference:30 OrigInvValue#2 OrigDiscValue#2 MthInvBal1#2 MthInvBal2#2 MthInvBal3#2 InvoiceStatus:1 Currency:3 "
        "Bank:15 PaymGrossValue#2 PaymDiscValue#2 NextPaymEntry#0 InvoiceYear#0 InvoiceMonth#0 YearInvBalZero#0 "
        "MonthInvBalZero#0 ExchangeRate#6 FirstTaxCode:1 TaxPortionDisc#2 CurrencyValue#2 PostCurrency:3 ConvRate#6 "
        "MulDiv:1 PaymentNumber:15",
    ),
    _table(
        "ApInvoicePay", "Supplier Invoice EntryNumber",
        "Supplier:15 Invoice:20 EntryNumber#0 PaymentReference:30 PostDate@ PostValue#2",
    ),
    _table(
        "ApJnlSummary", "TrnYear TrnMonth Journal EntryNumber",
        "TrnYear#0 TrnMonth#0 Journal#0 EntryNumber#0 Supplier:15 Invoice:20 TrnType:1 JournalDate@ TrnValue#2 "
        "TaxValue#2 Reference:30 Notation:100 Operator:20 GlYear#0 GlPeriod#0 GlJournal#0",
    ),
    _table(
        "ApJnlDistrib", "TrnYear TrnMonth Journal EntryNumber DistrEntry",
        "TrnYear#0 TrnMonth#0 Journal#0 EntryNumber#0 DistrEntry#0 Supplier:15 Invoice:20 ExpenseGlCode:35 DistrValue#2 "
        "Notation:100",
    ),
    _table(
        "GenMaster", "Company GlCode",
        "Company:10 GlCode:35 Description:50 AccountType:1 ExpenseType:1 GlGroup:10 ReportIndex1:35 ReportIndex2:35 "
        "CurrentBalance#2 PtdDrValue#2 PtdCrValue#2 PrevPerEndBal#2 ControlAccFlag:1 AccOnHldFlag:1 TaxCode:1",
    ),
    _table(
        "GenJournalDetail", "GlYear GlPeriod Journal EntryNumber",
        "GlYear#0 GlPeriod#0 Journal#0 EntryNumber#0 GlCode:35 EntryValue#2 EntryDate@ Source:2 SubModJournal#0 "
        "Reference:50",
    ),
)  # fmt: skip
TABLES: Mapping[str, Table] = {table.name: table for table in _ALL}
