"""The documents of accounts payable: APSTIN posts an invoice, APSSSP sets a supplier up.

Names and order are those of the objects' schemas (a catalogue of sample documents of SYSPRO 8, and the classes generated
from version 7); the lengths are those of SYSPRO 8. A company's own XSD files have the last word.
"""

from dataclasses import replace

from integrations.connectors.syspro.documents import Document, amount, choice, day, group, number, text

INVOICE = Document(
    "APSTIN",
    "Transaction/Post",
    "PostApInvoice",
    parameters={
        "PostingPeriod": "C",
        "IgnoreWarnings": "N",
        "ApplyIfEntireDocumentValid": "Y",
        "ValidateOnly": "N",
        "PostZeroAdjustments": "N",
        "DefaultDiscountDate": "",
        "DefaultDueDate": "",
        "LedgerDistributionCurrency": "L",
        "AutomaticTaxCalculation": "N",
        "PermissibleTaxVariance": "0.05",
        "ApArContraTrx": "N",
        "IgnoreAnalysis": "Y",
    },
    elements=(
        text("Supplier", 15, needed=True),
        choice("TransactionCode", "I", "A", "C", "D", needed=True),
        text("Branch", 10),
        text("Invoice", 20, needed=True, label="invoice number"),
        text("EntryNumber", 10),
        amount("TransactionValue", needed=True),
        amount("FreightCharge"),
        amount("MiscellaneousCharge"),
        text("Notation", 100),
        text("TransactionReference", 30),
        text("JournalNotation", 100),
        choice("DiscountBasis", "T", "P", "V"),
        amount("DiscountableValue"),
        number("DiscountPercentageValue", 12, 2),
        day("InvoiceDate"),
        day("DueDate"),
        day("DiscountDate"),
        number("ExchRateAtEntry", 6, 6),
        choice("FixedExchRate", "Y", "N"),
        choice("TaxBasis", "E", "I"),
        choice("CalculateQstOnTax", "Y", "N"),
        text("TaxCode", 1),
        amount("TaxValue"),
        text("SecondTaxCode", 1),
        amount("SecondTaxValue"),
        text("WithholdingTaxCode", 3),
        amount("WithholdingTaxValue"),
        choice("EcAcquisition", "Y", "N"),
        text("Nationality", 3),
        group(
            "GrnDetails",
            text("GrnSupplier", 15),
            text("GrnGrn", 20),
            text("GrnFlag", 1),
            text("GrnJournal", 10),
            text("GrnEntry", 10),
            choice("GrnMatchType", "O", "U", "P"),
            amount("GrnMatchValue"),
            number("GrnPartialMatchQuantity", 12, 6),
            amount("GrnPartialMatchValue"),
        ),
        group(
            "LedgerDistribution",
            text("LedgerCode", 35, needed=True, label="ledger code of a line"),
            text("LedgerTaxCode", 1),
            text("LedgerSecondTaxCode", 1),
            text("LedgerNotation", 100),
            amount("LedgerValue", needed=True),
        ),
    ),
    answers=("journal",),
)
"""Invoices and their corrections. The total includes tax; the lines do not, unless TaxBasis is I. There is no currency
element: the supplier's rules. `PasswordForLedgerCode` is left out on purpose: passwords go into no document here."""

CORRECTION = replace(
    INVOICE,
    gives={"TrnYear": "trnyear", "TrnMonth": "trnmonth", "Journal": "journal", "EntryNumber": "entrynumber"},
)
"""A credit or debit note against an invoice that is there: SYSPRO gives it a journal entry of its own."""

_SUPPLIER_TEXTS = (
    ("SupplierName", 50), ("SupShortName", 20), ("SupplierChName", 50), ("Telephone", 20), ("Fax", 20), ("Contact", 40),
    ("Branch", 10), ("TermsCode", 2), ("Bank", 15), ("Currency", 3),
)  # fmt: skip
_SUPPLIER_ADDRESS = (
    *((f"SupAddr{line}", 40) for line in range(1, 6)), ("SupPostalCode", 10),
    ("RemitName", 50), *((f"RemitAddr{line}", 40) for line in range(1, 6)), ("RemitPostalCode", 10),
    ("SupplierClass", 10), ("LineDiscCode", 2), ("InvDiscCode", 2), ("Area", 10), ("UserField1", 10),
    ("UserField2", 10), ("DefTaxCode", 1), ("TaxRegnNum", 15),
)  # fmt: skip

SUPPLIER = Document(
    "APSSSP",
    "Setup/Add",
    "SetupApSupplier",
    parameters={"IgnoreWarnings": "N", "ApplyIfEntireDocumentValid": "Y", "ValidateOnly": "N"},
    key=(text("Supplier", 15, needed=True),),
    elements=(
        *(text(name, length, needed=name == "SupplierName") for name, length in _SUPPLIER_TEXTS),
        day("DateSuppAdded"),
        *(text(name, length) for name, length in _SUPPLIER_ADDRESS),
        choice("OnHold", "Y", "N"),
        choice("SupplierType", "P", "T"),
        text("MerchGlCode", 35),
        text("FreightGlCode", 35),
        choice("PurchOrdAllowed", "Y", "N"),
        choice("GrnMatchReqd", "Y", "N"),
        text("Email", 255),
        text("Nationality", 3),
    ),
)
"""A supplier. Bank accounts are left out on purpose: no automat changes where money is paid to."""
