"""Records taken out as files: CSV, XLSX or JSON.

The route: an entity's `Plan` (which columns, from where) -> chunks of rows by ascending id -> a format's bytes ->
a stream or a browser. Nothing holds more than one chunk of rows, whatever the number of records; and as each
chunk is a query of its own, an export of an hour keeps no transaction open that a sync would have to wait for.

What every file says, and how:

* It begins with `id`, `external_id`, `active`, `source_modified_at`. Then come what the record refers to
  (`customer_external_id`, and `customer` by name), its own fields under their names, money among them, and the
  `currency` of that money.
* Ids, phones and numbers that name something are text. Times are ISO 8601 in UTC with a `Z`. Amounts are decimal
  numbers with at least two places, never rounded; in JSON they are strings, so that no reader makes floats of them.
* Records that were merged into another one are included: inactive, with `merged_into_external_id`.
* CSV is UTF-8 with a byte order mark, and a text that a spreadsheet would take for a formula gets an apostrophe
  in front (`formats.guarded`).
"""

from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.db.models import Model, QuerySet

from portal.models import Tenant
from reconciliation.exports.formats import FORMATS, Format, UnknownFormat, format_named
from reconciliation.exports.plans import Plan, UnknownEntity, entity_names, plan_for, plan_of_model

__all__ = [
    "FORMATS",
    "Export",
    "Plan",
    "UnknownEntity",
    "UnknownFormat",
    "entity_names",
    "export",
    "plan_for",
    "plan_of_model",
]

CHUNK = 1_000
"""Rows held at once: some megabytes."""


class Export:
    """One export on its way: iterate for its bytes; `rows` then tells how many records they held."""

    def __init__(self, plan: Plan, form: Format, queryset: QuerySet[Any]) -> None:
        self.plan = plan
        self.form = form
        self.queryset = queryset
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        return self.form.encode(self.plan.columns, self._chunks())

    def _chunks(self) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in chunks_by_id(self.queryset, [column.path for column in self.plan.columns]):
            self.rows += len(chunk)
            yield chunk


def export(
    tenant: Tenant,
    entity_name: str,
    format: str,
    stream: IO[bytes],
    *,
    queryset: QuerySet[Any] | None = None,
) -> int:
    """Write a tenant's records of one entity into a binary stream and say how many there were.

    `queryset` narrows them further (unsliced; its order is not kept). Raises UnknownEntity or UnknownFormat,
    with the known names, before anything is written.
    """
    plan, form = plan_for(entity_name), format_named(format)
    rows = plan.narrow(plan.model._default_manager.all() if queryset is None else queryset)
    taken = Export(plan, form, rows.filter(**{plan.tenant_path: tenant}))
    for part in taken:
        stream.write(part)
    return taken.rows


def chunks_by_id(queryset: QuerySet[Any], paths: Iterable[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows as tuples, in chunks, by ascending id. A row that stays while this runs comes exactly once.

    The ids of a chunk come from an index first: SQLite would otherwise read and sort whole rows for each chunk.
    """
    ids: QuerySet[Model, int] = queryset.order_by("pk").values_list("pk", flat=True)
    every: QuerySet[Model, Any] = queryset.model._default_manager.order_by("pk")
    rows = every.values_list(*paths)
    last = 0
    while chunk := list(ids.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1]
        yield list(rows.filter(pk__in=chunk))
        if len(chunk) < CHUNK:
            return
