"""The documents of purchasing: PORTOI adds, changes and cancels orders, PORTOR receives what they asked for.

Names and order as in `payables`. PORTOI only validates unless it is told otherwise, so all parameters are always sent.
"""

from integrations.connectors.syspro.documents import Document, choice, day, group, number, text

ADD, CHANGE, CANCEL = "A", "C", "D"
COMMENT = 990
"""Characters that SYSPRO keeps of a comment: 22 lines of 45."""

ORDER = Document(
    "PORTOI",
    "Transaction/Post",
    "PostPurchaseOrders",
    parameters={
        "ValidateOnly": "N",
        "IgnoreWarnings": "N",
        "AllowNonStockItems": "N",
        "AllowZeroPrice": "N",
        "ValidateWorkingDays": "N",
        "AllowPoWhenBlanketPo": "N",
        "AllowBlankLedgerCode": "Y",
        "CalcDueDate": "N",
        "Status": "1",
        "StatusInProcess": "N",
    },
    item="Orders",
    elements=(
        group(
            "OrderHeader",
            choice("OrderActionType", ADD, CHANGE, CANCEL, needed=True),
            text("Supplier", 15),
            choice("TaxStatus", "E", "N"),
            text("CustomerPoNumber", 30, label="reference"),
            text("ShippingInstrs", 50),
            day("OrderDate"),
            day("DueDate"),
            text("Buyer", 20),
            text("DeliveryName", 50),
            *(text(f"DeliveryAddr{line}", 40) for line in range(1, 6)),
            text("PostalCode", 10),
            text("Warehouse", 10),
            text("PurchaseOrder", 20),
        ),
        group(
            "OrderDetails",
            group(
                "StockLine",
                text("PurchaseOrderLine", 4),
                choice("LineActionType", ADD, CHANGE, CANCEL, needed=True),
                text("StockCode", 30, needed=True, label="stock code of a line"),
                text("StockDescription", 50),
                text("Warehouse", 10),
                number("OrderQty", 12, 6, needed=True),
                text("OrderUom", 10),
                choice("PriceMethod", "M", "CC", "LC", "LP", "LPP", "S", "F"),
                number("Price", 10, 5),
                text("Job", 20),
                day("LatestDueDate"),
                text("LedgerCode", 35),
            ),
            group(
                "CommentLine",
                choice("LineActionType", ADD, CHANGE, CANCEL, needed=True),
                text("Comment", COMMENT, needed=True),
            ),
        ),
    ),
    answers=("purchaseorder",),
)
"""An order. SYSPRO gives it its number: `CustomerPoNumber` is what it is found by."""

RECEIPT = Document(
    "PORTOR",
    "Transaction/Post",
    "PostPurchaseOrderReceipts",
    parameters={
        "TransactionDate": "",
        "IgnoreWarnings": "N",
        "GRNMatchingAction": "A",
        "ApplyIfEntireDocumentValid": "Y",
        "ValidateOnly": "N",
        "IgnoreAnalysis": "Y",
    },
    elements=(
        group(
            "Receipt",
            text("PurchaseOrder", 20, needed=True),
            text("PurchaseOrderLine", 4, needed=True),
            number("Quantity", 12, 6, needed=True),
            choice("CostBasis", "C", "T", "M", "P", "X", needed=True),
            text("Reference", 30),
        ),
    ),
    answers=("journal",),
)
"""A receipt of one line, at the order's price."""
