"""What is read from SYSPRO and written there: one declaration per entity, each over one table.

An AP invoice is posted once and never changed, nor is an adjustment of stock: what is posted stands, and is only ever
corrected by another document. Before each posting it is looked for: an invoice by supplier and number, an adjustment by
item and reference. The posting date of an invoice is `JournalDate`: ApInvoice has no `PostDate`.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.entity import Children, Entity, FieldMap, Find, Parts, Reference, Removal, Write
from integrations.connectors.syspro import orders, payables, purchasing, stock, tables
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
        FieldMap("Bank", "bank"),
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
        create_members=frozenset({"Supplier", "Bank"}),
        needed=frozenset({"Supplier", "SupplierName"}),
        find=Find.SIBLINGS,
        alike=("Supplier",),
        numeric_ids=False,
    ),
)  # fmt: skip
LEDGER_LINES = Children(
    "LedgerDistribution",
    "lines",
    (
        FieldMap("LedgerCode", "ledger_code"),
        FieldMap("LedgerValue", "amount", "decimal"),
        FieldMap("LedgerNotation", "notation"),
    ),
)
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
        children=LEDGER_LINES,
        exact=True,
        numeric_ids=False,
    ),
)  # fmt: skip
AP_CORRECTION = _entity(
    "ap_correction",
    tables.AP_ENTRIES,
    (
        FieldMap("Supplier", "supplier"),
        FieldMap("Invoice", "number"),
        FieldMap("TransactionCode", "kind", direction=PUSH),
        FieldMap("TrnType", "kind", direction=PULL),
        FieldMap("Branch", "branch", direction=PUSH),
        FieldMap("TransactionValue", "total", "decimal", direction=PUSH),
        FieldMap("TrnValue", "total", "decimal", direction=PULL),
        FieldMap("TransactionReference", "reference", direction=PUSH),
        FieldMap("Reference", "reference", direction=PULL),
        FieldMap("Notation", "notation", direction=PUSH),
        FieldMap("TaxCode", "tax_code", direction=PUSH),
        FieldMap("TaxValue", "tax", "decimal", direction=PUSH),
        FieldMap("JournalDate", "posted_on", "date", direction=PULL),
        FieldMap("PostedIn", "journal", direction=PULL),
    ),
    known_only=True,
    write=Write(
        scope=payables.CORRECTION.business_object,
        create=payables.CORRECTION.verb,
        members=frozenset({
            "Supplier", "Invoice", "TransactionCode", "Branch", "TransactionValue", "TransactionReference", "Notation",
            "TaxCode", "TaxValue",
        }),
        needed=frozenset({"Supplier", "Invoice", "TransactionCode", "TransactionValue", "TransactionReference"}),
        find=Find.SIBLINGS,
        alike=("Supplier", "Invoice", "TransactionReference"),
        children=LEDGER_LINES,
        exact=True,
        numeric_ids=False,
    ),
)  # fmt: skip
"""Only those that are posted from here: of the others, people know."""
PURCHASE_ORDER = _entity(
    "purchase_order",
    tables.POR_MASTER_HDR,
    (
        FieldMap("number", "accounting_number", direction=PULL),
        FieldMap("OrderStatus", "accounting_status", direction=PULL),
        FieldMap("vendor", "supplier", direction=PULL),
        FieldMap("Supplier", "supplier", direction=PUSH),
        FieldMap("CustomerPoNumber", "reference"),
        FieldMap("OrderEntryDate", "ordered_on", "date", direction=PULL),
        FieldMap("OrderDate", "ordered_on", direction=PUSH),
        FieldMap("OrderDueDate", "required_on", "date", direction=PULL),
        FieldMap("DueDate", "required_on", direction=PUSH),
        FieldMap("Warehouse", "warehouse_code"),
        FieldMap("DeliveryName", "warehouse.name", direction=PUSH),
        FieldMap("DeliveryAddr1", "street", direction=PUSH),
        FieldMap("DeliveryAddr2", "unit", direction=PUSH),
        FieldMap("DeliveryAddr3", "city", direction=PUSH),
        FieldMap("DeliveryAddr4", "state", direction=PUSH),
        FieldMap("DeliveryAddr5", "country", direction=PUSH),
        FieldMap("PostalCode", "postal_code", direction=PUSH),
    ),
    write=Write(
        scope=purchasing.ORDER.business_object,
        create=purchasing.ORDER.verb,
        update=purchasing.ORDER.verb,
        members=frozenset({"DueDate"}),
        create_members=frozenset({
            "Supplier", "CustomerPoNumber", "OrderDate", "Warehouse", "DeliveryName", "DeliveryAddr1", "DeliveryAddr2",
            "DeliveryAddr3", "DeliveryAddr4", "DeliveryAddr5", "PostalCode",
        }),
        needed=frozenset({"Supplier", "CustomerPoNumber", "Warehouse"}),
        find=Find.SIBLINGS,
        alike=("Supplier", "CustomerPoNumber"),
        parts=(
            Parts("purchase_order_line", orders.LINES, "purchase_order", ("stock_code", "ordered"), needed=True),
        ),
        remove=Removal(purchasing.ORDER.verb),
        exact=True,
        numeric_ids=False,
    ),
)  # fmt: skip
PURCHASE_ORDER_LINE = _entity(
    "purchase_order_line",
    tables.POR_MASTER_DETAIL,
    (
        FieldMap("MStockCode", "stock_code", direction=PULL),
        FieldMap("StockCode", "stock_code", direction=PUSH),
        FieldMap("MStockDes", "description", direction=PULL, mode="if_new"),
        FieldMap("StockDescription", "description", direction=PUSH),
        FieldMap("MWarehouse", "warehouse_code", direction=PULL),
        FieldMap("Warehouse", "warehouse_code", direction=PUSH),
        FieldMap("MOrderQty", "ordered", "decimal", direction=PULL),
        FieldMap("OrderQty", "ordered", "decimal", direction=PUSH),
        FieldMap("MReceivedQty", "received", "decimal", direction=PULL),
        FieldMap("Quantity", "received", "decimal", direction=PUSH),
        FieldMap("MPrice", "cost", "decimal", direction=PULL),
        FieldMap("Price", "cost", "decimal", direction=PUSH),
        FieldMap("MCompleteFlag", "complete", "boolean", direction=PULL),
    ),
    references={"purchase_order": Reference("order", "purchase_order", required=True)},
    write=Write(
        scope=purchasing.RECEIPT.business_object,
        create=purchasing.ORDER.verb,
        update=purchasing.ORDER.verb,
        parent="purchase_order",
        members=frozenset({"OrderQty", "Price", "Quantity"}),
        create_members=frozenset({"StockCode", "StockDescription", "Warehouse"}),
        needed=frozenset({"StockCode", "OrderQty"}),
        aside={"Quantity": purchasing.RECEIPT.verb},
        find=Find.SIBLINGS,
        alike=("StockCode", "OrderQty"),
        own_reply=False,
        exact=True,
        numeric_ids=False,
    ),
)
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
STOCK_MOVEMENT = _entity(
    "stock_movement",
    tables.INV_MOVEMENTS,
    (
        FieldMap("StockCode", "stock_code"),
        FieldMap("Warehouse", "store"),
        FieldMap("Quantity", "quantity", "decimal", direction=PUSH),
        FieldMap("TrnQty", "quantity", "decimal", direction=PULL),
        FieldMap("TrnType", "kind", direction=PULL),
        FieldMap("Reference", "reference"),
        FieldMap("Notation", "notation", direction=PUSH),
        FieldMap("EntryDate", "moved_on", "date", direction=PULL),
        FieldMap("TrnValue", "value", "decimal", direction=PULL),
        FieldMap("PostedIn", "journal", direction=PULL),
    ),
    write=Write(
        scope=stock.ADJUSTMENT.business_object,
        create=stock.ADJUSTMENT.verb,
        members=frozenset({"StockCode", "Warehouse", "Quantity", "Reference", "Notation"}),
        needed=frozenset({"StockCode", "Warehouse", "Quantity", "Reference"}),
        find=Find.SIBLINGS,
        alike=("StockCode", "Warehouse", "Reference"),
        exact=True,
        numeric_ids=False,
    ),
)
"""Read are all movements, whatever made them; written are adjustments alone."""
STOCK_LEVEL = _entity(
    "stock_level",
    tables.INV_WAREHOUSE,
    (
        FieldMap("StockCode", "stock_code"),
        FieldMap("Warehouse", "store"),
        FieldMap("QtyOnHand", "on_hand", "decimal"),
        FieldMap("QtyAllocated", "allocated", "decimal"),
        FieldMap("QtyOnOrder", "on_order", "decimal"),
        FieldMap("QtyInTransit", "in_transit", "decimal"),
        FieldMap("UnitCost", "unit_cost", "decimal"),
        FieldMap("DateLastStockMove", "last_moved_on", "date"),
    ),
)

ENTITIES: Mapping[str, Entity] = {
    entity.name: entity
    for entity in (
        GL_ACCOUNT,
        STOCK_CODE,
        WAREHOUSE,
        VENDOR,
        AP_INVOICE,
        AP_CORRECTION,
        PURCHASE_ORDER,
        PURCHASE_ORDER_LINE,
        STOCK_MOVEMENT,
        STOCK_LEVEL,
    )
}
DOCUMENTS: Mapping[str, Document] = {
    VENDOR.name: payables.SUPPLIER,
    AP_INVOICE.name: payables.INVOICE,
    AP_CORRECTION.name: payables.CORRECTION,
    STOCK_MOVEMENT.name: stock.ADJUSTMENT,
}
"""What each entity is written with; orders have documents of their own (`orders`)."""
