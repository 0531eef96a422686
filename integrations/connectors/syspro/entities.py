"""What is read from SYSPRO and written there: one declaration per entity, each over one table.

An AP invoice is posted once and never changed: what is posted stands, and is only ever corrected by another document.
Before each posting it is looked for by supplier and number. The posting date is `JournalDate`: ApInvoice has no
`PostDate`.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Children, Entity, FieldMap, Find, Reference, Write
from integrations.connectors.syspro import payables, tables
from integrations.connectors.syspro.documents import Document
from integrations.connectors.syspro.odata import MOST_ROWS
from integrations.connectors.syspro.tables import Table

PULL, PUSH = "pull", "push"


def _entity(name: str, table: Table, mapping: tuple[FieldMap, ...], **more: Any) -> Entity:
    return Entity(
        name=name,
        scope=table.name,
        feed=table.name,
        mapping=mapping,
        created=None,
        modified=None,
        active="active" if table.off else None,
        sort=None,
        max_page_size=MOST_ROWS,
        **more,
    )


VENDOR = _entity(
    "vendor",
    tables.AP_SUPPLIER,
    (
        FieldMap("Supplier", "code"),
        FieldMap("SupplierName", "name"),
        FieldMap("Contact", "contact"),
        FieldMap("Telephone", "phone"),
        FieldMap("Email", "email"),
        FieldMap("Branch", "branch"),
        FieldMap("TermsCode", "terms"),
        FieldMap("Currency", "currency"),
        FieldMap("TaxRegnNum", "tax_number"),
        FieldMap("OnHold", "is_on_hold", "boolean"),
        FieldMap("SupAddr1", "street"),
        FieldMap("SupAddr2", "unit"),
        FieldMap("SupAddr3", "city"),
        FieldMap("SupAddr4", "state"),
        FieldMap("SupAddr5", "country"),
        FieldMap("SupPostalCode", "postal_code"),
        FieldMap("CurrentBalance", "balance", "decimal", direction=PULL),
    ),
    write=Write(
        scope=payables.SUPPLIER.business_object,
        create=payables.SUPPLIER.verb,
        update="Setup/Update",
        members=frozenset({
            "SupplierName", "Contact", "Telephone", "Email", "Branch", "TermsCode", "Currency", "TaxRegnNum",
            "SupAddr1", "SupAddr2", "SupAddr3", "SupAddr4", "SupAddr5", "SupPostalCode",
        }),
        create_members=frozenset({"Supplier"}),
        needed=frozenset({"Supplier", "SupplierName"}),
        find=Find.SIBLINGS,
        alike=("Supplier",),
        numeric_ids=False,
    ),
)  # fmt: skip
AP_INVOICE = _entity(
    "ap_invoice",
    tables.AP_INVOICE,
    (
        FieldMap("Supplier", "supplier"),
        FieldMap("Invoice", "number"),
        FieldMap("TransactionCode", "kind", direction=PUSH),
        FieldMap("Branch", "branch"),
        FieldMap("TransactionValue", "total", "decimal", direction=PUSH),
        FieldMap("OrigInvValue", "total", "decimal", direction=PULL),
        FieldMap("TransactionReference", "reference", direction=PUSH),
        FieldMap("Reference", "reference", direction=PULL),
        FieldMap("Notation", "notation", direction=PUSH),
        FieldMap("InvoiceDate", "invoiced_on", "date"),
        FieldMap("DueDate", "due_on", "date"),
        FieldMap("TaxCode", "tax_code", direction=PUSH),
        FieldMap("TaxValue", "tax", "decimal", direction=PUSH),
        FieldMap("Currency", "currency", direction=PULL),
        FieldMap("MthInvBal1", "balance", "decimal", direction=PULL),
        FieldMap("JournalDate", "posted_on", "date", direction=PULL),
        FieldMap("PostedIn", "journal", direction=PULL),
    ),
    references={"vendor": Reference("vendor", "vendor")},
    write=Write(
        scope=payables.INVOICE.business_object,
        create=payables.INVOICE.verb,
        members=frozenset({
            "Supplier", "Invoice", "TransactionCode", "Branch", "TransactionValue", "TransactionReference", "Notation",
            "InvoiceDate", "DueDate", "TaxCode", "TaxValue",
        }),
        needed=frozenset({"Supplier", "Invoice", "TransactionValue", "InvoiceDate"}),
        find=Find.SIBLINGS,
        alike=("Supplier", "Invoice"),
        children=Children(
            "LedgerDistribution",
            "lines",
            (
                FieldMap("LedgerCode", "ledger_code"),
                FieldMap("LedgerValue", "amount", "decimal"),
                FieldMap("LedgerNotation", "notation"),
            ),
        ),
        exact=True,
        numeric_ids=False,
    ),
)  # fmt: skip
GL_ACCOUNT = _entity(
    "gl_account",
    tables.GEN_MASTER,
    (
        FieldMap("Description", "name"),
        FieldMap("GlCode, AccountType, GlGroup, AccOnHldFlag", "details", "members"),
    ),
)
STOCK_CODE = _entity(
    "stock_code",
    tables.INV_MASTER,
    (
        FieldMap("Description", "name"),
        FieldMap(
            "StockCode, LongDesc, StockUom, ProductClass, WarehouseToUse, Supplier", "details", "members"
        ),
    ),
)
WAREHOUSE = _entity(
    "warehouse",
    tables.INV_WH_CONTROL,
    (FieldMap("Description", "name"), FieldMap("Warehouse", "details", "members")),
)

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity for entity in (GL_ACCOUNT, STOCK_CODE, WAREHOUSE, VENDOR, AP_INVOICE)
}
DOCUMENTS: Mapping[str, Document] = {VENDOR.name: payables.SUPPLIER, AP_INVOICE.name: payables.INVOICE}
"""What each entity is written with."""
