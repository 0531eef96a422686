"""Rows of mapping tables, looked up: all of a merchant's at once, and the codes that accounting knows."""

from collections.abc import Iterable, Mapping

from integrations.connectors.syspro.keys import normal
from integrations.models import TableRow
from integrations.tables.base import DEFAULT, MappingTable, Rows
from portal.models import Tenant
from reconciliation.entities import ENTITIES
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


FILLED_UP = frozenset({"vendor", "stock_code"})
"""Lists whose numeric codes SYSPRO fills up with zeros; in those of the others a zero in front is a part of the code."""


def one_form(code: str, entity: str) -> str:
    """The form in which two spellings of one code are the same."""
    return normal(code) if entity in FILLED_UP else code.strip().upper()


def out_of_use(tenant_id: int, entity: str, codes: Iterable[str]) -> frozenset[str]:
    """Those of the codes, in their one form, that accounting does not have or has on hold; none where it is not known."""
    wanted = {one_form(code, entity): code for code in codes if code}
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system="syspro", entity=entity, state=Link.State.LIVE
    )
    if not wanted or not links.exists():
        return frozenset()
    found = dict(
        links.filter(external_id__in={*wanted, *wanted.values()}).values_list("record_id", "external_id")
    )
    used = ENTITIES[entity].objects.filter(pk__in=found, active=True).values_list("pk", flat=True)
    return frozenset(wanted) - {one_form(found[pk], entity) for pk in used}


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
    names = dict(ENTITIES[table.listed].objects.filter(pk__in=codes, active=True).values_list("pk", "name"))
    found = {}
    for record_id, name in names.items():
        found[one_form(codes[record_id], table.listed)] = (codes[record_id], name)
    return found
