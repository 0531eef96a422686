"""GENQRY and GENQGL: one account of the general ledger, to be shown or to be validated."""

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.columns import Row
from integrations.sandbox.syspro.elements import Reply, build, built, child, text_of
from integrations.sandbox.syspro.errors import EnetError
from integrations.sandbox.syspro.objects.system import system_information
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

QUERY_SCHEMA = Schema("Key(LedgerCode Company) Option(IncludeHistory IncludeBudgets IncludeTransactions)")
VALIDATE_SCHEMA = Schema("key(LedgerCode Company SecurityType ValidateStructure ValidateFlags)")


def show(call: Call) -> Reply:
    """Raises EnetError for an account that there is not."""
    row = _account(call, text_of(root_of(call.document, "Query", "XmlIn"), "Key", "LedgerCode"))
    period = call.company.period("C")
    members = built(
        GlCode=row["GlCode"], Description=row["Description"], Currency=call.company.currency, GlYear=period.year,
        GlPeriod=f"{period.month:02d}", AccountType=row["AccountType"], GlGroup=row["GlGroup"],
        CurrentBalance=f"{row['CurrentBalance']:>16,}", Unedited_CurrentBalance=row["CurrentBalance"],
    )  # fmt: skip
    return Reply("LedgerQuery", [system_information(call), *members])


def validate(call: Call) -> Reply:
    """Raises EnetError for an account that there is not or, where flags are to be validated, is on hold."""
    key = child(root_of(call.document, "Query", "XmlIn"), "key")
    row = _account(call, text_of(key, "LedgerCode"))
    if text_of(key, "ValidateFlags") == "Y" and row["AccOnHldFlag"] == "Y":
        raise EnetError(f"Ledger code '{row['GlCode']}' is on hold")
    details = built(LedgerCode=row["GlCode"], Description=row["Description"], AccountType=row["AccountType"])
    return Reply("GLStructureQuery", [build("LedgerDetails", details)])


def _account(call: Call, code: str) -> Row:
    found = call.company.account(code)
    if found is None:
        raise EnetError(f"Ledger code '{code}' not found")
    return found
