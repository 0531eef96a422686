"""The document of a stock adjustment: INVTMA changes what a warehouse holds by a signed quantity.

Names are those of a catalogue of sample documents of SYSPRO 8; lengths are inferred from the columns of InvMovements. A
company's own XSD files have the last word. It is valued at the warehouse's own cost: there is no element for one.
"""

from integrations.connectors.syspro.documents import Document, number, text

ADJUSTMENT = Document(
    "INVTMA",
    "Transaction/Post",
    "PostInvAdjustments",
    parameters={
        "TransactionDate": "",
        "PhysicalCount": "N",
        "PostingPeriod": "C",
        "IgnoreWarnings": "N",
        "ApplyIfEntireDocumentValid": "Y",
        "ValidateOnly": "N",
        "IgnoreAnalysis": "Y",
    },
    elements=(
        text("Warehouse", 10, needed=True),
        text("StockCode", 30, needed=True),
        text("Version", 5),
        text("Release", 5),
        number("Quantity", 12, 6, needed=True),
        text("UnitOfMeasure", 10),
        text("BinLocation", 20),
        text("FifoBucket", 10),
        text("Lot", 50),
        text("Reference", 30, needed=True),
        text("Notation", 50),
        text("LedgerCode", 35),
    ),
    answers=("journal",),
    gives={
        "TrnYear": "jnlyear", "TrnMonth": "jnlmonth", "Journal": "journal", "JournalEntry": "entrynumber",
    },
)  # fmt: skip
"""Posted on SYSPRO's own day. Serial numbers are left out: an item that is traced by them is adjusted there by hand."""
