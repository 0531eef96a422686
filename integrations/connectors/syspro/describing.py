"""The members of an entity's rows: the table's columns as they come, and the elements of the document that writes it."""

from collections.abc import Iterable
from typing import Any, Protocol

from integrations.connectors.base import RemoteField
from integrations.connectors.entity import Entity, Row
from integrations.connectors.syspro.documents import Document, Element
from integrations.connectors.syspro.entities import DOCUMENTS
from integrations.connectors.syspro.posting import words_of
from integrations.connectors.syspro.tables import Table


class Asker(Protocol):
    """Gives a first row with all its columns."""

    def rows(self, table: str, *, most: int) -> tuple[list[Row], int]: ...


def columns_of(entity: Entity, table: Table) -> list[str]:
    """What to ask of the table: its key and dates, and what the entity's mapping reads."""
    lines = [line.remote for line in entity.mapping if line.direction != "push"]
    wanted = [path.strip() for remote in lines for path in remote.split(",")]
    names = [*table.key, *table.rhythm.dates, *([table.off] if table.off else []), *table.reads, *wanted]
    elsewhere = table.join.columns if table.join else frozenset()
    return [
        name for name in dict.fromkeys(names) if name and name not in table.adds and name not in elsewhere
    ]


def joined_columns(entity: Entity, table: Table) -> list[str]:
    """What the mapping reads of the table beside it; none where that need not be asked."""
    if table.join is None:
        return []
    lines = [line.remote for line in entity.mapping if line.direction != "push"]
    wanted = sorted({path.strip() for remote in lines for path in remote.split(",")} & table.join.columns)
    return [*table.key, *wanted] if wanted else []


def remote_fields(entity: Entity, table: Table, asker: Asker) -> list[RemoteField]:
    """Columns first, as one row shows them; then elements that only a document has."""
    rows, _ = asker.rows(table.name, most=1)
    document = DOCUMENTS.get(entity.name)
    columns = table.row(rows[0]) if rows else dict.fromkeys((*columns_of(entity, table), *table.adds))
    columns |= dict.fromkeys(sorted(table.join.columns) if table.join else ())
    found = [
        _column(name, value, _element(document, name)) for name, value in columns.items() if name != "id"
    ]
    told = {field.path for field in found}
    return found + [_field(element) for element in _elements(document) if element.name not in told]


def _elements(document: Document | None) -> Iterable[Element]:
    return (*document.key, *document.elements) if document is not None else ()


def _element(document: Document | None, name: str) -> Element | None:
    return next((element for element in _elements(document) if element.name == name), None)


def _column(name: str, value: Any, element: Element | None) -> RemoteField:
    if element is not None:
        return _field(element)
    return RemoteField(name, _label(name), _type(value))


def _field(element: Element) -> RemoteField:
    return RemoteField(
        path=element.name,
        label=_label(element.name),
        type=words_of(element),
        length=element.length if element.length and words_of(element) in {"text", "choice"} else None,
        required=element.needed,
        writable=True,
        choices=tuple((choice, choice) for choice in element.choices),
        closed=bool(element.choices),
    )


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "decimal"
    is_time = (
        isinstance(value, str)
        and len(value) >= 10
        and value[4:5] == value[7:8] == "-"
        and value[:4].isdigit()
    )
    return "date" if is_time else "text"


def _label(name: str) -> str:
    """`InvoiceDate` -> `Invoice date`."""
    words = "".join(f" {char}" if char.isupper() else char for char in name).strip()
    return words.capitalize()
