"""Rows of mapping tables, looked up: all of a merchant's at once, and the codes that accounting knows."""

from collections.abc import Iterable, Mapping

from integrations.models import TableRow
from integrations.tables.base import DEFAULT, MappingTable, Rows
from portal.models import Tenant
from reconciliation.models import Link


def rows_of(tenant_id: int, names: Iterable[str]) -> Mapping[str, Rows]:
    """The targets of these tables, in one query."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    rows = TableRow.objects.filter(tenant=tenant_id, table__in=list(found))
    for table, key, target in rows.values_list("table", "key", "target"):
        found[table][key] = target
    return found


def target_of(rows: Rows, key: str) -> str:
    """What the key is called there: by its own row, else by the default; empty where there is neither."""
    return rows.get(key) or rows.get(DEFAULT, "")


def same_code(code: str) -> str:
    """One form for two spellings of a code: accounting fills numbers up with zeros, and knows no small letters."""
    text = code.strip().upper()
    return (text.lstrip("0") or "0") if text.isascii() and text.isdigit() else text


def listed(tenant: Tenant, table: MappingTable) -> dict[str, tuple[str, str]] | None:
    """What accounting has of the table's targets: (code, name) by its one form; None where its list is not synced."""
    if not table.listed:
        return None
    links = Link.objects.filter(
        source__tenant=tenant, source__system="syspro", entity=table.listed, state=Link.State.LIVE
    )
    codes = {
        record_id: code for record_id, code in links.values_list("record_id", "external_id") if record_id
    }
    if not codes:
        return None
    from reconciliation.entities import ENTITIES

    names = dict(ENTITIES[table.listed].objects.filter(pk__in=codes, active=True).values_list("pk", "name"))
    found = {}
    for record_id, name in names.items():
        code = codes[record_id].rpartition("/")[2]  # an id may name the company before it
        found[same_code(code)] = (code, name)
    return found
