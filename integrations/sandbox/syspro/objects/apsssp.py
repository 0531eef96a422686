"""APSSSP: adds, updates and deletes suppliers.

What the reference says is mandatory in practice is so here. Elements for which the sandbox has no column are taken and
not kept.
"""

from collections.abc import Iterator, Mapping

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.elements import name_of, text_of
from integrations.sandbox.syspro.errors import BLANK, DUPLICATE_KEY, LENGTH, MISSING, RULE
from integrations.sandbox.syspro.reading import Reading
from integrations.sandbox.syspro.schemas import Schema
from integrations.sandbox.syspro.setup import Setup

ADD, UPDATE, DELETE = "Add", "Update", "Delete"
SCHEMA = Schema(
    "Item(Key(Supplier) SupplierName SupShortName SupplierChName Telephone Fax Contact Branch TermsCode Bank "
    "Currency DateSuppAdded WithTaxId WithTaxCode SupAddr1 SupAddr2 SupAddr3 SupAddr3Loc SupAddr4 SupAddr5 "
    "SupPostalCode RemitName RemitAddr1 RemitAddr2 RemitAddr3 RemitAddr4 RemitAddr5 RemitPostalCode SupplierClass "
    "LineDiscCode InvDiscCode Area UserField1 UserField2 DefTaxCode TaxRegnNum DefaultChequeDay PoDefaultDoc "
    "OnHold FaxRemitFlag FaxRemitNum FaxRemitContact SupplierType NumMthsBeforDel MerchGlCode FreightGlCode "
    "PayByEft BankBranch BankAccount EftUserField1 EftUserField2 EftStatementRef EftBankAccType ChLanguage "
    "Required1099 DefaultFmt1099 AskYtdValue1099 MinPay1099 PayeRef1099 YtdAmount1099 PurchOrdAllowed MinPoVal "
    "MinPoMass MinPoVolume Contracts GrnMatchReqd LctRequired EdiTypeFlag EdiReceiverCode EdiFax FaxContact Email "
    "Nationality TransactionNature DeliveryTerms LanguageCode eSignature)",
    "IgnoreWarnings ApplyIfEntireDocumentValid ValidateOnly",
)
MANDATORY = ("SupplierName", "Branch", "TermsCode", "Bank", "Currency")
LOOKED_UP: Mapping[str, tuple[str, str]] = {
    "Branch": ("ApBranch", "Branch"), "TermsCode": ("TblApTerms", "Terms code"), "Bank": ("ApBank", "Bank"),
    "Currency": ("TblCurrency", "Currency"), "DefTaxCode": ("AdmTax", "Tax code"),
}  # fmt: skip
FLAGS: Mapping[str, str] = {
    "OnHold": "YN",
    "PurchOrdAllowed": "YN",
    "GrnMatchReqd": "YN",
    "SupplierType": "PT",
}
LEDGER_CODES = ("MerchGlCode", "FreightGlCode")


def keep(call: Call, action: str, item: Reading, parameters: Mapping[str, str]) -> str:
    """Raises Rejected."""
    given = text_of(item.node, "Key", "Supplier")
    key = call.company.padded(given)
    before = call.company.supplier(given)
    _check_key(item, action, given, key, before)
    if action == DELETE:
        _check_unused(call, item, key, before)
        item.settle(parameters["IgnoreWarnings"])
        call.company.store["ApSupplier"].delete(key)
        if call.company.store["ApSupplierAddr"].get(key):
            call.company.store["ApSupplierAddr"].delete(key)
        return key
    values = dict(_values(call, item, action))
    if (
        before
        and values.get("Currency", before["Currency"]) != before["Currency"]
        and before["CurrentBalance"]
    ):
        item.wrong(
            "Currency", values["Currency"], RULE, "Currency cannot be changed while there is a balance"
        )
    item.settle(parameters["IgnoreWarnings"])
    _write(call, key, action, values)
    return key


def _check_key(item: Reading, action: str, given: str, key: str, before: Row | None) -> None:
    if not given:
        item.wrong("Supplier", given, BLANK, "XML element '{Item}{Key}{Supplier}' cannot be spaces")
    elif len(key) > 15:
        item.wrong("Supplier", given, LENGTH, "XML element 'Supplier' is longer than 15 characters")
    elif action == ADD and before:
        item.wrong("Supplier", given, DUPLICATE_KEY, f"Duplicate key '{key}' on 'ApSupplier'")
    elif action != ADD and before is None:
        item.wrong("Supplier", given, MISSING, f"Supplier '{given}' not found")


def _check_unused(call: Call, item: Reading, key: str, before: Row | None) -> None:
    invoices = (row for row in call.company.store["ApInvoice"].all() if row["Supplier"] == key)
    orders = (row for row in call.company.store["PorMasterHdr"].all() if row["Supplier"] == key)
    if before and (before["CurrentBalance"] or any(invoices) or any(orders)):
        sentence = "Supplier cannot be deleted while it has a balance, invoices or purchase orders"
        item.wrong("Supplier", text_of(item.node, "Key", "Supplier"), RULE, sentence)


def _values(call: Call, item: Reading, action: str) -> Iterator[tuple[str, str]]:
    """The elements that came, checked."""
    came = {name_of(node): text_of(node) for node in item.node if name_of(node) != "Key"}
    for name in MANDATORY:
        if not came.get(name) and (action == ADD or name in came):
            item.text(name, required=True)
    for name, value in came.items():
        if value and name in LOOKED_UP:
            table, what = LOOKED_UP[name]
            if call.company.store[table].get(value) is None:
                item.wrong(name, value, MISSING, f"{what} '{value}' not found")
        if value and name in FLAGS:
            item.choice(name, FLAGS[name], value)
        if value and name in LEDGER_CODES and call.company.account(value) is None:
            item.wrong(name, value, MISSING, f"Ledger code '{value}' not found")
        yield name, item.day(name) if name == "DateSuppAdded" else value


def _write(call: Call, key: str, action: str, values: Mapping[str, str]) -> None:
    store = call.company.store
    if action == ADD:
        usual = {"OnHold": "N", "SupplierType": "T", "PurchOrdAllowed": "Y", "GrnMatchReqd": "N",
                 "DateSuppAdded": call.today}  # fmt: skip
        values = {**usual, **{name: value for name, value in values.items() if value}}
    for table in ("ApSupplier", "ApSupplierAddr"):
        kept = {name: value for name, value in values.items() if name in store[table].table.columns}
        if kept or action == ADD:
            store[table].put(Supplier=key, **kept)


OBJECT = Setup("SetupApSupplier", "Supplier", keep)
