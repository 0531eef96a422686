"""The demo's accounts payable: what “Invoice → AP invoice” needs, but for two items that nobody has mapped yet.

The route: rows of the mapping tables, each checked against what SYSPRO has -> the flow's settings -> once it has worked,
what is posted, and what waits for a row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse

from integrations.tables import storing
from integrations.tables.base import DEFAULT, Key
from integrations.tables.catalogue import (
    BRANCH,
    ITEM_LEDGER,
    JOB_TYPE_LEDGER,
    STOCK_CODE,
    TABLES,
    TECHNICIAN,
    WAREHOUSE,
)
from integrations.tables.standing import standing_of
from integrations.tables.storing import Checker, Row
from portal.models import Tenant
from reconciliation.models import ApInvoice, Link, Vendor

VENDOR, TAX_ACCOUNT = "Ferguson Supply", "00-1450"
UNMAPPED = ("MAT-BRKR", "MAT-CAP")
"""Left out on purpose: SYSPRO has BRK-20A and CAP-45-5, and somebody is to say so."""
EXPENSES = "30-4500"

ROWS: Mapping[str, Mapping[str, str]] = {
    STOCK_CODE: {
        "SVC-DIAG": "SVC", "SVC-HOUR": "LAB-HR", "SVC-TUNE": "SVC", "MAT-VALVE": "VLV-34", "EQ-WH50": "WH-50G",
        "EQ-COND3": "SVC",
    },
    ITEM_LEDGER: {
        "MAT-VALVE": "10-5100", "EQ-WH50": "10-5100", "MAT-CAP": "20-5100", "EQ-COND3": "20-5100",
        "MAT-BRKR": "30-5100", DEFAULT: EXPENSES,
    },
    JOB_TYPE_LEDGER: {"Drain clearing": "10-5200", "Camera inspection": "10-5200"},
    BRANCH: {"Plumbing": "10", "HVAC": "20", "Electrical": "30", "Drains": "10", DEFAULT: "10"},
    TECHNICIAN: {DEFAULT: "FIELD"},
    WAREHOUSE: {"Reno Main": "MAIN", "Sparks Annex": "TRK1"},
}  # fmt: skip
"""Targets by what people call the key; a default stands under the empty name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far accounts payable is. `page` is where the unmapped items are mapped."""

    posted: int
    waiting: int
    unmapped: list[str]
    page: str


def prepare(tenant: Tenant) -> dict[str, Any]:
    """Fill the mapping tables, and give the flow's settings. Raises BadTarget for what SYSPRO does not have."""
    for name, targets in ROWS.items():
        checker = Checker(tenant, TABLES[name])
        rows = [Row(key, checker.clean(targets[key.label])) for key in _keys(tenant, name, targets)]
        storing.store(tenant, TABLES[name], rows, user=None)
    house = Vendor.objects.get(_is_in_syspro(tenant, "vendor"), tenant=tenant, name=VENDOR, active=True)
    return {"vendor": house.pk, "tax_account": TAX_ACCOUNT}


def _keys(tenant: Tenant, name: str, wanted: Iterable[str]) -> list[Key]:
    """The keys of those names: of a list only what the merchant has, of items any."""
    table = TABLES[name]
    if table.named is not None:
        return [table.named(label) if label else Key(DEFAULT, "") for label in wanted]
    known = [*table.keys(tenant), Key(DEFAULT, "")]
    return [key for key in known if key.label in wanted]


def standing(tenant: Tenant) -> Standing:
    made = ApInvoice.objects.filter(_is_in_syspro(tenant, "ap_invoice"), tenant=tenant, invoice__isnull=False)
    table = TABLES[STOCK_CODE]
    found = standing_of(tenant, table)
    return Standing(
        posted=made.count(),
        waiting=found.waiting,
        unmapped=[one.key.label for one in found.unmapped if one.waiting],
        page=f"{reverse('admin:integrations_tablerow_one_table')}?tenant={tenant.pk}&table={table.name}",
    )


def _is_in_syspro(tenant: Tenant, entity: str) -> Exists:
    return Exists(
        Link.objects.filter(
            source__tenant=tenant, source__system="syspro", entity=entity, record_id=OuterRef("pk")
        )
    )
