"""Rows of mapping tables stored and taken away, and the release of what waits for them.

The route: key and target -> checked -> row and audit entry -> the flows that use the table look again at what waited for
that key, and at what is made with it and not settled yet. All in one transaction.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from integrations import waking
from integrations.flows import owing
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow, FlowItem, TableRow, Unmapped
from integrations.tables.base import DEFAULT, Key, MappingTable
from integrations.tables.looking import listed, one_form
from portal import audit
from portal.models import Tenant, User

audit.register_action("table_row.changed", "changed a mapping table: {note}")
audit.register_action("table_row.removed", "took a row out of a mapping table: {note}")
audit.register_action("table.imported", "imported a mapping table: {note}")


class BadTarget(ValueError):
    """A target that the table cannot take: its words say what would do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row to be stored."""

    key: Key
    target: str


class Checker:
    """Whether targets fit a table of a merchant: read once for many rows."""

    def __init__(self, tenant: Tenant, table: MappingTable) -> None:
        self.table, self.listed = table, listed(tenant, table)

    def clean(self, target: str) -> str:
        """The target as it is stored, spelt as accounting spells it. Raises BadTarget."""
        text, table = " ".join(target.split()), self.table
        if not text:
            raise BadTarget(f"The {table.target} is missing.")
        if len(text) > table.longest:
            raise BadTarget(f"“{text}” is too long: a {table.target} has at most {table.longest} characters.")
        if self.listed is None:
            return text
        found = self.listed.get(one_form(text, table.listed))
        if found is None:
            raise BadTarget(
                f"SYSPRO has no {table.target} “{text}” that is in use. Choose one of its list, or sync the list again."
            )
        return found[0]


@transaction.atomic
def store(
    tenant: Tenant, table: MappingTable, rows: Iterable[Row], *, user: User | None, note: str = ""
) -> int:
    """Store these rows, new or changed, already clean; returns how many were either. `note` tells of an import."""
    before = {
        row.key: row for row in TableRow.objects.select_for_update().filter(tenant=tenant, table=table.name)
    }
    moved: dict[str, str] = {}
    diff = {}
    for row in rows:
        known = before.get(row.key.key)
        if known is not None and known.target == row.target:
            continue
        words = row.key.label or "all else"
        diff[words] = [known.target if known else None, row.target]
        moved[row.key.key] = words
        TableRow.objects.update_or_create(
            tenant=tenant,
            table=table.name,
            key=row.key.key,
            defaults={"label": row.key.label, "target": row.target},
        )
    if moved:
        _note("table.imported" if note else "table_row.changed", tenant, table, user, diff, note)
        release(tenant, table.name, moved)
    return len(moved)


@transaction.atomic
def remove(row: TableRow, table: MappingTable, *, user: User | None) -> None:
    """Take a row out. What was made with it and is not settled is looked at again, and waits if it needs one."""
    tenant, key = row.tenant, row.key
    diff = {row.label or "all else": [row.target, None]}
    row.delete()
    _note("table_row.removed", tenant, table, user, diff, "")
    release(tenant, table.name, [key])


def release(tenant: Tenant, table: str, keys: Collection[str]) -> int:
    """Look again at what waits for these keys (for a default: for any), and at what is not settled yet."""
    count = 0
    for flow in Flow.objects.filter(
        tenant=tenant, name__in=[n for n, s in FLOWS.items() if table in s.tables]
    ):
        spec = FLOWS[flow.name]
        unmapped = Unmapped.objects.filter(item__flow=flow, item__state=FlowItem.State.WAITING, table=table)
        if DEFAULT not in keys:
            unmapped = unmapped.filter(key__in=list(keys))
        which = Q(pk__in=unmapped.values("item"))
        if spec.unsettled is not None:
            which |= Q(pk__in=spec.unsettled(flow).values("pk"))
        count += owing.reopen(FlowItem.objects.filter(which, flow=flow))
    waking.for_flows_at_commit(tenant.pk)
    return count


def _note(
    action: str, tenant: Tenant, table: MappingTable, user: User | None, diff: audit.Diff, note: str
) -> None:
    words = f"{table.title}{f', {note}' if note else ''}"
    audit.record(action, tenant, actor=user, tenant=tenant, diff=diff, note=words)
