"""The document of an AP invoice: each line's account and stock code, its branch, technician and supplier looked up. Pure.

What is in no mapping table is collected, all of it: a person is told once what is missing.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.text import capfirst

from integrations.connectors.syspro.keys import normal
from integrations.flows.ap_facts import Billed, BilledLine, named, spread
from integrations.flows.base import Made, Plan, Settings, Wait, Wanted
from integrations.flows.invoiced import in_cents
from integrations.tables.base import DEFAULT, Key, Missing, Rows, item, item_key
from integrations.tables.catalogue import (
    BRANCH,
    ITEM_LEDGER,
    JOB_TYPE_LEDGER,
    STOCK_CODE,
    SUPPLIER,
    TABLES,
    TECHNICIAN,
)
from integrations.tables.looking import one_form, target_of

TAX = "Sales tax"
"""What the line of a tax is called that goes to an account of its own."""
UNMAPPED, UNFIT = "unmapped", "unfit"
"""Reasons to wait: something is in no mapping table; something of it SYSPRO would refuse."""
_NUMBER, _REFERENCE, _NOTATION = 20, 30, 100
"""Characters that SYSPRO has for them (APSTIN)."""


class _Search:
    """What is looked up for one invoice, and all that is missing for it."""

    def __init__(self, tables: Mapping[str, Rows], unused: Mapping[str, frozenset[str]]) -> None:
        self.tables, self.unused = tables, unused
        self.missing: list[Missing] = []
        self.words: list[str] = []
        self.unfit: list[str] = []

    def find(self, table: str, key: Key | None, lacking: str = "") -> str:
        """The key's target. Without a key only a default can tell; `lacking` says what it means that there is none."""
        found = target_of(self.tables.get(table, {}), key.key if key else DEFAULT)
        if not found:
            self.lacks(table, key, lacking or (TABLES[table].lacks(key) if key else ""))
        self.check(table, key, found)
        return found

    def check(self, table: str, key: Key | None, code: str) -> None:
        """What SYSPRO does not take is found out before it is sent there: another row of the table is waited for."""
        spec = TABLES[table]
        if code and one_form(code, spec.listed) in self.unused.get(spec.listed, ()):
            of = f" of {spec.what} “{key.label}”" if key else ""
            self.refuse(f"{spec.target} {code}{of} is not in SYSPRO, or is on hold there")
            self.lacks(table, key, "")

    def refuse(self, words: str) -> None:
        if words not in self.unfit:
            self.unfit.append(words)

    def lacks(self, table: str, key: Key | None, words: str) -> None:
        missing = Missing(table, key.key if key else DEFAULT, key.label if key else "")
        if missing not in self.missing:
            self.missing.append(missing)
        if words and words not in self.words:
            self.words.append(words)

    def account(self, line: BilledLine, job_type: Key | None) -> str:
        """The item's own account, else its job type's, else the default."""
        own, by_type = self.tables.get(ITEM_LEDGER, {}), self.tables.get(JOB_TYPE_LEDGER, {})
        key = _item(line)
        found = own.get(key.key, "") if key else ""
        if found:
            self.check(ITEM_LEDGER, key, found)
        elif job_type and (found := by_type.get(job_type.key, "")):
            self.check(JOB_TYPE_LEDGER, job_type, found)
        elif found := own.get(DEFAULT, ""):
            self.check(ITEM_LEDGER, None, found)
        if not found:
            what = f"item “{key.label}”" if key else f"“{named(line)}”, which names no item,"
            self.lacks(ITEM_LEDGER, key, f"{what} has no GL account")
            if job_type:
                self.lacks(
                    JOB_TYPE_LEDGER, job_type, f"nor has {TABLES[JOB_TYPE_LEDGER].what} “{job_type.label}”"
                )
        return found


def _item(line: BilledLine) -> Key | None:
    return item(line.sku) if item_key(line.sku) else None


def document(billed: Billed, settings: Settings) -> Plan:
    """The AP invoice, or everything that it lacks."""
    search = _Search(billed.tables, billed.unused)
    supplier = _supplier(billed, settings, search)
    unit = billed.unit
    branch = search.find(
        BRANCH, unit, "" if unit else "it has no business unit, and there is no default branch"
    )
    reference = ""
    if billed.technician is not None and settings["technicians"]:
        reference = search.find(TECHNICIAN, billed.technician)
    lines = _lines(billed, settings, search)
    if settings["tax"] == "account" and in_cents(billed.tax):
        lines += _tax_line(billed, str(settings["tax_account"] or ""), search)
    elif in_cents(billed.tax) and not settings["tax_code"]:
        search.words.append("it has tax, and no tax code is chosen under Settings")
    if found := [*search.words, *search.unfit]:
        reason = UNMAPPED if search.words else UNFIT
        return Wait(reason, capfirst(f"{'; '.join(found)}."), None, tuple(search.missing))
    return _numbered(billed, settings, supplier) or Made(
        (_wanted(billed, settings, supplier, branch, reference, lines),)
    )


def _supplier(billed: Billed, settings: Settings, search: _Search) -> str:
    if billed.supplier is None:
        unit = f" for business unit “{billed.unit.label}”" if billed.unit else ""
        search.words.append(f"no vendor is chosen{unit} under Settings")
        return ""
    found = search.tables.get(SUPPLIER, {}).get(billed.supplier.key.key) or billed.supplier.code
    if not found:
        search.lacks(SUPPLIER, billed.supplier.key, TABLES[SUPPLIER].lacks(billed.supplier.key))
    search.check(SUPPLIER, billed.supplier.key, found)
    if billed.supplier.is_on_hold and settings["on_hold"] == "wait":
        search.refuse(f"supplier {found} is on hold in SYSPRO")
    return found


def _lines(billed: Billed, settings: Settings, search: _Search) -> list[dict[str, Any]]:
    """A line for each item that comes to something."""
    found: list[dict[str, Any]] = []
    for line, amount in zip(billed.lines, spread([line.amount for line in billed.lines]), strict=True):
        if not amount:
            continue
        what = _item(line)
        stock = search.find(STOCK_CODE, what) if what and settings["stock_codes"] else ""
        found.append(
            {
                "position": len(found) + 1,
                "stock_code": stock,
                "description": named(line),
                "quantity": line.quantity,
                "ledger_code": search.account(line, billed.job_type),
                "amount": amount,
                "notation": _details(line, stock),
            }
        )
    return found


def _tax_line(billed: Billed, account: str, search: _Search) -> list[dict[str, Any]]:
    if not account:
        search.words.append("it has tax, and no GL account for tax is chosen under Settings")
    if one_form(account, "gl_account") in search.unused.get("gl_account", ()):
        search.refuse(
            f"GL account {account} for tax, chosen under Settings, is not in SYSPRO, or is on hold there"
        )
    place = len(billed.lines) + 1
    return [
        {"position": place, "description": TAX, "ledger_code": account, "amount": in_cents(billed.tax), "notation": TAX}
    ]  # fmt: skip


def _details(line: BilledLine, stock_code: str) -> str:
    """`FLT-16: 2 x Furnace filter 16x25`"""
    what = stock_code or " ".join(line.sku.split())
    quantity = f"{line.quantity.normalize():f} x " if line.quantity is not None else ""
    return f"{f'{what}: ' if what else ''}{quantity}{named(line)}"[:_NOTATION]


def _numbered(billed: Billed, settings: Settings, supplier: str) -> Wait | None:
    """What is wrong with its number or its currency, if anything is."""
    number = number_of(billed, settings)
    if len(number) > _NUMBER:
        words = f"Its number “{number}” has more than the {_NUMBER} characters that SYSPRO keeps. Shorten the prefix."
        return Wait("number", words)
    if (normal(supplier), normal(number)) in billed.taken:
        words = (
            f"Supplier {supplier} has another AP invoice {number}. SYSPRO knows an invoice by the two. Choose "
            "a prefix under Settings, or correct the number in ServiceTitan."
        )
        return Wait("taken", words)
    theirs = billed.supplier.currency if billed.supplier else ""
    if theirs and billed.currency and theirs != billed.currency:
        words = f"Supplier {supplier} is paid in {theirs}, the invoice is in {billed.currency}. Choose another vendor."
        return Wait("currency", words)
    return None


def number_of(billed: Billed, settings: Settings) -> str:
    return f"{settings['prefix'] or ''}{billed.number}".strip()


def _wanted(
    billed: Billed,
    settings: Settings,
    supplier: str,
    branch: str,
    reference: str,
    lines: list[dict[str, Any]],
) -> Wanted:
    by_code = settings["tax"] == "code" and bool(in_cents(billed.tax))
    said = [f"ServiceTitan invoice {billed.number}", f"job {billed.job}" if billed.job else ""]
    said += [billed.technician.label if billed.technician else "", billed.customer]
    return Wanted(
        "ap_invoice",
        {
            "kind": "I",
            "supplier": supplier,
            "number": number_of(billed, settings),
            "branch": branch,
            "reference": f"{reference} {billed.job}".strip()[:_REFERENCE],
            "notation": ", ".join(part for part in said if part)[:_NOTATION],
            "invoiced_on": billed.invoiced_on,
            "due_on": billed.due_on if settings["due"] == "invoice" else "",
            "total": in_cents(billed.total),
            "tax": in_cents(billed.tax) if by_code else None,
            "tax_code": settings["tax_code"] if by_code else "",
        },
        {"vendor": billed.supplier.record_id if billed.supplier else None, "invoice": billed.invoice_id},
        record_id=billed.record_id,
        firm=frozenset({"total"}),
        children=lines,
    )
