"""The mapping tables there are. Another one is a row here."""

from collections.abc import Callable, Iterable, Mapping

from django.db.models import Exists, OuterRef

from integrations.tables.base import Key, MappingTable, item, item_key, record_key
from portal.models import Tenant
from reconciliation.models import (
    AdjustmentLine,
    InvoiceLine,
    Link,
    PurchaseOrderLine,
    ReferenceItem,
    Vendor,
)


def _items(tenant: Tenant) -> Iterable[Key]:
    """The items that invoices, purchase orders and adjustments name, in the spelling that came first."""
    billed = InvoiceLine.objects.filter(invoice__tenant=tenant)
    ordered = PurchaseOrderLine.objects.filter(tenant=tenant)
    adjusted = AdjustmentLine.objects.filter(adjustment__tenant=tenant)
    skus = [
        rows.exclude(sku="").order_by().values_list("sku", flat=True) for rows in (billed, ordered, adjusted)
    ]
    found: dict[str, Key] = {}
    for sku in sorted(skus[0].union(*skus[1:])):
        if key := item_key(sku):
            found.setdefault(key, Key(key, " ".join(sku.split())))
    return found.values()


def _list(kind: str) -> Callable[[Tenant], Iterable[Key]]:
    """The items of one of the merchant's lists, without those that are accounting's own."""

    def keys(tenant: Tenant) -> Iterable[Key]:
        theirs = Link.objects.filter(source__system="syspro", entity=kind, record_id=OuterRef("pk"))
        rows = ReferenceItem.objects.filter(~Exists(theirs), tenant=tenant, kind=kind, active=True)
        for pk, external_id, name in rows.order_by("name", "pk").values_list("pk", "external_id", "name"):
            yield Key(record_key(external_id, pk), name or external_id)

    return keys


def _vendors(tenant: Tenant) -> Iterable[Key]:
    """Those that have no supplier's code of their own."""
    rows = Vendor.objects.filter(tenant=tenant, active=True, code="").order_by("name", "pk")
    for vendor in rows:
        yield Key(record_key(vendor.external_id, vendor.pk), str(vendor))


STOCK_CODE, ITEM_LEDGER, JOB_TYPE_LEDGER = "stock_code", "item_ledger", "job_type_ledger"
BRANCH, WAREHOUSE, TECHNICIAN, SUPPLIER = "branch", "warehouse", "technician", "supplier"

TABLES: Mapping[str, MappingTable] = {
    table.name: table
    for table in (
        MappingTable(
            STOCK_CODE, "Service item → stock code", "item", "items", "stock code", _items, 30, "stock_code",
            "The stock code of every item that has no row of its own.", item,
        ),
        MappingTable(
            ITEM_LEDGER, "Item → GL account", "item", "items", "GL account", _items, 35, "gl_account",
            "The account of all that has neither an account of its own nor one by its job type.", item,
        ),
        MappingTable(
            JOB_TYPE_LEDGER, "Job type → GL account", "job type", "job types", "GL account", _list("job_type"), 35,
            "gl_account",
        ),
        MappingTable(
            BRANCH, "Business unit → branch", "business unit", "business units", "branch", _list("business_unit"), 10,
            default="The branch of every unit without a row, and of invoices without a unit.",
        ),
        MappingTable(
            WAREHOUSE, "Warehouse → warehouse", "warehouse", "warehouses", "warehouse", _list("warehouse"), 10,
            "warehouse", "The warehouse of whatever has no row of its own.",
        ),
        MappingTable(
            TECHNICIAN, "Technician → reference", "technician", "technicians", "reference", _list("technician"), 15,
            default="The reference of every technician without a row.",
        ),
        MappingTable(
            SUPPLIER, "Vendor → supplier", "vendor", "vendors", "supplier code", _vendors, 15, "vendor",
        ),
    )
}  # fmt: skip
