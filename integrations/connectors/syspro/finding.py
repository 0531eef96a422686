"""Rows found by their keys, and what is found compared with what was to be posted.

`Finder` reads tables with the business object COMFND, for a company without OData: through the session, so it takes
the operator's seat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from integrations.connectors.entity import Entity, Row
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro import errors, keys
from integrations.connectors.syspro.documents import Document
from integrations.connectors.syspro.odata import MOST_ROWS, All, Condition, Is, one_of
from integrations.connectors.syspro.session import Session
from integrations.connectors.syspro.tables import Table
from integrations.connectors.syspro.wire import Unreadable, failure_in, local, parsed

_VALUES = ("OrigInvValue", "CurrencyValue", "TrnValue")
"""What an invoice was posted with, in the company's currency and in the supplier's, and what a correction was."""


def id_in(body: Row, table: Table) -> str:
    """The id of the row that a document makes; empty where the body lacks a part of the key."""
    return keys.id_of(body, table.key)


def id_made(body: Row, document: Document, told: Mapping[str, str], table: Table) -> str:
    """The id of the row that a document has made; `told` is the key in SYSPRO's reply to it."""
    return id_in({**body, **{column: told.get(name) for column, name in document.gives.items()}}, table)


def under(table: Table, external_id: str) -> Condition:
    """The rows that may have this id, however their keys are spelt."""
    return _having(dict(zip(table.key, keys.parts_of(external_id, table.key), strict=False)))


def made_of(table: Table, body: Row) -> Condition:
    """The rows that a document may have made, where SYSPRO gives them their keys."""
    return _having({column: body.get(element) for column, element in table.found_by.items()})


def is_made_of(table: Table, body: Row, row: Row) -> bool:
    """Whether a row is under what a document is found again by, however it is spelt."""
    pairs = table.found_by.items()
    return all(keys.normal(row.get(column)) == keys.normal(body.get(element)) for column, element in pairs)


def _having(parts: Mapping[str, Any]) -> Condition:
    return All(tuple(one_of(name, keys.spellings(part, name)) for name, part in parts.items()))


def referring(table: Table, member: str, external_id: str) -> Condition:
    """The rows whose member has this id."""
    column = next((column for column, name in table.codes.items() if name == member), member)
    return one_of(column, keys.spellings(external_id, column))


def between(table: Table, first: Row, last: Row) -> Condition:
    """The rows from one key to another, of a table whose key is one column."""
    (column,) = table.key
    return All((Is(column, "ge", str(first[column])), Is(column, "le", str(last[column]))))


def check_kind(body: Row, table: Table) -> None:
    """Raises RemoteError for a document that could not be found again among others of the same key."""
    if body.get("TransactionCode", "I") != "I" and not table.found_by:
        message = (
            "A correction of an invoice that is posted cannot be told from others of the same invoice. It is posted as "
            "an AP correction, with a number of its own."
        )
        raise RemoteError(Who.FIX_RECORD, "correction", message)


def check_same(body: Row, rows: Sequence[Row]) -> None:
    """Raises RemoteError where what stands under the key is not what was to be posted there."""
    if "TransactionValue" in body:
        for row in rows:
            _check_invoice(body, row)
    elif "Quantity" in body and rows:
        _check_movement(body, rows)


def _check_movement(body: Row, rows: Sequence[Row]) -> None:
    """SYSPRO may have divided it, over bins or lots."""
    found = sum((Decimal(str(row.get("TrnQty") or 0)) for row in rows), Decimal(0))
    if found != Decimal(str(body["Quantity"])):
        message = (
            f"Reference {body.get('Reference')} has already moved {found.normalize():f} of {body.get('StockCode')} in "
            f"warehouse {body.get('Warehouse')}, in journal {rows[0].get('PostedIn')}, and not {body['Quantity']}. "
            "Nothing was posted. Compare the two, put the difference right in SYSPRO, then give this one up."
        )
        raise RemoteError(Who.FIX_RECORD, "already_posted", message)


def _check_invoice(body: Row, row: Row) -> None:
    wanted = _money(body.get("TransactionValue"))
    found = [_money(row[name]) for name in _VALUES if row.get(name) is not None]
    if wanted is None or wanted not in found:
        where = f" in journal {row['PostedIn']}" if row.get("PostedIn") else ""
        message = (
            f"Invoice {row.get('Invoice')} of supplier {row.get('Supplier')} is already posted with {found[0]}{where}, "
            f"and not with {wanted}. Nothing was posted. Compare the two: give this one another number, correct it, or "
            "have finance correct the one in SYSPRO; then retry."
        )
        raise RemoteError(Who.FIX_RECORD, "already_posted", message)


def gone(entity: Entity) -> RemoteError:
    """The row to be changed is not there."""
    return RemoteError(
        Who.FIX_RECORD, "not_found", f"SYSPRO no longer has this {entity.name.replace('_', ' ')}."
    )


def no_supplier(code: Any) -> RemoteError:
    """There is nobody to post for."""
    message = (
        f"SYSPRO has no supplier “{code}”. Give the vendor the code of one that is there, or have finance set it up; "
        "then retry."
    )
    return RemoteError(Who.FIX_RECORD, "bad_reference", message)


def _money(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


class Finder:
    """Tables read through the business object COMFND."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(
        self,
        table: str,
        condition: Condition | None = None,
        *,
        columns: Sequence[str] = (),
        order: Sequence[str] = (),
        most: int = MOST_ROWS,
    ) -> tuple[list[Row], int]:
        """As `odata.Tables.rows`; each value is a text. Raises RemoteError."""
        question = query(table, condition, columns, order, most)
        params = {"BusinessObject": "COMFND", "XmlIn": question}
        text = self._session.ask(self._session.call("Query/Query", params, repeatable=True))
        if (problem := failure_in(text)) is not None:
            raise errors.of_text(problem, "COMFND")
        try:
            root = parsed(text)
        except Unreadable as error:
            raise errors.unreadable("COMFND", str(error), posting=False) from None
        rows = [
            {str(cell.tag).rpartition("}")[2]: (cell.text or "").strip() for cell in row}
            for row in root
            if local(row) == "row"
        ]
        return rows, len(text)


@dataclass(frozen=True, slots=True)
class _Term:
    """One comparison, with what joins it to the one before and the brackets around it."""

    compared: Is
    joined: str = ""
    opens: int = 0
    closes: int = 0


def query(
    table: str, condition: Condition | None, columns: Sequence[str], order: Sequence[str], most: int
) -> str:
    """COMFND's question in XML."""
    root = etree.Element("Query")
    etree.SubElement(root, "TableName").text = table
    etree.SubElement(root, "ReturnRows").text = str(min(most, MOST_ROWS))
    etree.SubElement(root, "AllColumns").text = "N" if columns else "Y"
    if columns:
        _columns(etree.SubElement(root, "Columns"), columns)
    if condition is not None:
        where = etree.SubElement(root, "Where")
        for term in _terms(condition):
            _expression(etree.SubElement(where, "Expression"), term)
    if order:
        _columns(etree.SubElement(root, "OrderBy"), order)
    return etree.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")


def _columns(parent: Any, columns: Sequence[str]) -> None:
    for name in columns:
        etree.SubElement(parent, "Column").text = name


def _expression(parent: Any, term: _Term) -> None:
    if term.joined:
        etree.SubElement(parent, "AndOr").text = term.joined
    alone = int(not term.opens and not term.closes)
    etree.SubElement(parent, "OpenBracket").text = "(" * (term.opens or alone)
    etree.SubElement(parent, "Column").text = term.compared.column
    etree.SubElement(parent, "Condition").text = term.compared.operator.upper()
    value = term.compared.value
    etree.SubElement(parent, "Value").text = value.isoformat() if isinstance(value, date) else str(value)
    etree.SubElement(parent, "CloseBracket").text = ")" * (term.closes or alone)


def _terms(condition: Condition) -> list[_Term]:
    if isinstance(condition, Is):
        return [_Term(condition)]
    found: list[_Term] = []
    for part in condition.of:
        terms = _terms(part)
        if found:
            terms[0] = replace(terms[0], joined="And" if isinstance(condition, All) else "Or")
        found += terms
    if len(condition.of) > 1:
        found[0] = replace(found[0], opens=found[0].opens + 1)
        found[-1] = replace(found[-1], closes=found[-1].closes + 1)
    return found
