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
* `conflict` (settled ones) and `merge` are exports too: see `settled`.
* A totals row, where it is asked for, is the last one and has TOTAL for an id.
* CSV is UTF-8 with a byte order mark, and a text that a spreadsheet would take for a formula gets an apostrophe
  in front (`formats.guarded`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

from django.db.models import Model, QuerySet

from portal.models import Tenant
from reconciliation.exports.catalogue import UnknownEntity, entity_names, plan_for
from reconciliation.exports.formats import FORMATS, Format, UnknownFormat, format_named
from reconciliation.exports.narrowing import CannotNarrow, Narrowing, narrowed
from reconciliation.exports.plans import Plan, plan_of_model
from reconciliation.exports.totals import Totals

__all__ = [
    "FORMATS",
    "CannotNarrow",
    "Export",
    "Narrowing",
    "Plan",
    "UnknownEntity",
    "UnknownFormat",
    "entity_names",
    "export",
    "plan_for",
    "plan_of_model",
    "prepared",
]

CHUNK = 1_000
"""Rows held at once: some megabytes."""
EVERYTHING = Narrowing()


class Export:
    """One export on its way: iterate for its bytes; `rows` tells how many records they held, so far."""

    def __init__(
        self, plan: Plan, form: Format, queryset: QuerySet[Any], totals: Totals | None = None
    ) -> None:
        self.plan = plan
        self.form = form
        self.queryset = queryset
        self.totals = totals
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._chunks()
        return self.form.encode(self.plan.columns, self.totals.through(chunks) if self.totals else chunks)

    def _chunks(self) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in chunks_by_id(self.queryset, self.plan):
            self.rows += len(chunk)
            yield chunk


def prepared(
    tenant: Tenant,
    entity_name: str,
    format: str,
    *,
    queryset: QuerySet[Any] | None = None,
    wanted: Narrowing = EVERYTHING,
    totals: bool = False,
) -> Export:
    """A tenant's export, ready to be iterated. Nothing has been read yet.

    `queryset` narrows it further (unsliced; its order is not kept). Raises UnknownEntity or UnknownFormat with the
    known names, CannotNarrow where `wanted` or `totals` do not fit.
    """
    plan, form = plan_for(entity_name), format_named(format)
    rows = plan.model._default_manager.all() if queryset is None else queryset
    return Export(plan, form, narrowed(plan, rows, tenant, wanted), Totals(plan) if totals else None)


def export(
    tenant: Tenant,
    entity_name: str,
    format: str,
    stream: IO[bytes],
    *,
    queryset: QuerySet[Any] | None = None,
    wanted: Narrowing = EVERYTHING,
    totals: bool = False,
) -> int:
    """Write a tenant's records of one entity into a binary stream and say how many there were.

    Takes and raises what `prepared` does, before anything is written.
    """
    taken = prepared(tenant, entity_name, format, queryset=queryset, wanted=wanted, totals=totals)
    for part in taken:
        stream.write(part)
    return taken.rows


def chunks_by_id(queryset: QuerySet[Any], plan: Plan) -> Iterator[list[tuple[Any, ...]]]:
    """Rows as tuples, in chunks, by ascending id. A row that stays while this runs comes exactly once.

    The ids of a chunk come from an index first: SQLite would otherwise read and sort whole rows for each chunk.
    """
    ids: QuerySet[Model, int] = queryset.order_by("pk").values_list("pk", flat=True)
    read = plan.read or _reading(queryset.model, [column.path for column in plan.columns])
    last = 0
    while chunk := list(ids.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1]
        yield read(chunk)
        if len(chunk) < CHUNK:
            return


def _reading(model: type[Model], paths: Iterable[str]) -> Callable[[Sequence[int]], list[tuple[Any, ...]]]:
    every: QuerySet[Model, Any] = model._default_manager.order_by("pk")
    rows = every.values_list(*paths)
    return lambda ids: list(rows.filter(pk__in=ids))
