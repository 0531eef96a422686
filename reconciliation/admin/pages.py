"""What the page of a record shows, gathered in a fixed number of queries.

Facts, tags, and what hangs on it; its links with the raw payload; open conflicts; its history.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import BooleanField, Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from portal.look import badge
from reconciliation.admin import shown
from reconciliation.admin.columns import link_to
from reconciliation.admin.extensions import notices_of
from reconciliation.admin.history import history_of
from reconciliation.admin.merge_shown import merges_of
from reconciliation.links import deep_link, entity_of
from reconciliation.models import Conflict, Link, Record
from reconciliation.tags import names_of

if TYPE_CHECKING:
    from reconciliation.admin.records import Linked, RecordAdmin

ROWS_PER_CARD = 10
_STATUSES = {"status", "sync_status", "review_status"}
_LABELS = {"sync_status": "export status", "value": "as written", "e164": "number", "kind": "type"}
_EMPTY: tuple[Any, ...] = (None, "", [], shown.NOTHING)


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; `more` leads to the whole list where there are more than are shown."""

    title: str
    headings: list[tuple[str, str]]
    rows: list[list[tuple[str, Any]]]
    count: int
    more: str = ""


@dataclass(frozen=True)
class Counterpart:
    """A link, ready to be shown."""

    link: Link
    address: str
    state: str
    seen: str
    payload: str


def page_of(admin: "RecordAdmin", record: Any) -> dict[str, Any]:
    """The context of `record.html`."""
    entity = entity_of(record)
    notices = notices_of(entity, record)
    counterparts = [_counterpart(link, record) for link in _links(entity, record)]
    return {
        "record": record,
        "groups": [(heading, list(_facts(admin, record, names))) for heading, names in admin.facts],
        "flags": [_label(admin, name) for name in admin.flags if getattr(record, name)],
        "tags": _tags(record),
        "survivor": getattr(record, "merged_into", None),
        "cards": [_card(admin, linked, record) for linked in admin.linked],
        "counterparts": counterparts,
        "conflicts": _conflicts(entity, record),
        "merges": merges_of(record, entity) if hasattr(record, "merged_into") else [],
        "history": history_of(record, entity, counterparts[0].link.source.name if counterparts else ""),
        "notices": notices,
        "is_moving": any(notice.is_moving for notice in notices),
        "kind": capfirst(admin.opts.verbose_name),
    }


def _facts(admin: "RecordAdmin", record: Any, names: Iterable[str]) -> Iterable[tuple[str, Any]]:
    """Label and value of each fact that says something."""
    for name in names:
        value = cell(admin, record, name)
        if value not in _EMPTY:
            yield _label(admin, name), value


def _label(admin: "RecordAdmin", name: str) -> str:
    label = _LABELS.get(name) or str(label_for_field(name, admin.model, admin))
    return label.removesuffix(" at")


def cell(admin: "RecordAdmin", record: Any, name: str) -> Any:
    """A field, or what a method of the admin makes of it, as a person reads it."""
    field, _, value = lookup_field(name, record, admin)
    if field is None:
        return value
    if field.is_relation:
        other = getattr(record, field.name)
        return link_to(other) if other is not None else None
    return _field_words(field, value, record)


def _field_words(field: Any, value: Any, record: Any) -> Any:
    tenant = record.tenant
    if isinstance(value, Decimal):
        return shown.money(value, tenant.currency)
    if isinstance(value, datetime):
        return shown.moment(value, tenant.zone)
    if isinstance(field, BooleanField):
        return "yes" if value else None
    if field.name in _STATUSES:
        return shown.status(value)
    if field.flatchoices:
        value = dict(field.flatchoices).get(value, value)
    return shown.spaced(value) if field.name == "kind" else value


def _tags(record: Any) -> list[str]:
    return names_of(record) if hasattr(record, "tag_ids") else []


def _card(admin: "RecordAdmin", linked: "Linked", record: Record) -> Table:
    """The newest few of what hangs on a record, and how many there are."""
    if linked.model not in admin.admin_site._registry:
        return lines(linked, record)
    other: Any = admin.admin_site._registry[linked.model]
    rows = linked.model._default_manager.filter(**{linked.path: record})
    found = list(
        rows.select_related("tenant", *(other.list_select_related or ())).order_by(*other.card_order)[
            : ROWS_PER_CARD + 1
        ]
    )
    count = rows.count() if len(found) > ROWS_PER_CARD else len(found)
    opts = linked.model._meta
    more = f"{reverse(f'admin:{opts.app_label}_{opts.model_name}_changelist')}?{linked.path}__id__exact={record.pk}"
    return Table(
        linked.title,
        [(name, _label(other, name)) for name in other.card_columns],
        [_row(other, row) for row in found[:ROWS_PER_CARD]],
        count,
        more if count > ROWS_PER_CARD else "",
    )


def _row(admin: "RecordAdmin", row: Any) -> list[tuple[str, Any]]:
    """Cells of one row; the first leads to its page."""
    cells: list[tuple[str, Any]] = []
    for name in admin.card_columns:
        value = cell(admin, row, name)
        cells.append((name, shown.NOTHING if value in _EMPTY else value))
    first, value = cells[0]
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return [(first, _linked_words(address, value)), *cells[1:]]


def _linked_words(address: str, words: Any) -> Any:
    return format_html('<a href="{}">{}</a>', address, words)


CHILD_COLUMNS: dict[str, Sequence[str]] = {
    "invoiceline": ("description", "sku", "kind", "quantity", "unit_price_amount", "total_amount"),
    "paymentsplit": ("invoice", "applied_at", "amount_amount"),
    "adjustmentline": ("name", "sku", "quantity", "cost_amount", "total_amount"),
    "apcorrectionline": ("ledger_code", "amount_amount", "notation"),
    "apinvoiceline": ("description", "stock_code", "quantity", "ledger_code", "amount_amount", "notation"),
}


def lines(linked: "Linked", record: Any) -> Table:
    """All rows that live and die with the record: an invoice's lines, a payment's splits."""
    names = CHILD_COLUMNS[str(linked.model._meta.model_name)]
    references = [
        f.name for f in linked.model._meta.concrete_fields if f.is_relation and f.name != linked.path
    ]
    rows = linked.model._default_manager.filter(**{linked.path: record}).select_related(*references)
    found = [[(name, _line_cell(row, name, record)) for name in names] for row in rows[:500]]
    headings = [(name, name.removesuffix("_amount").replace("_", " ")) for name in names]
    return Table(linked.title, headings, found, len(found))


def _line_cell(row: Model, name: str, record: Any) -> Any:
    value = getattr(row, name.removesuffix("_amount"))
    if name.endswith("_amount"):
        return shown.money(value, record.tenant.currency)
    if isinstance(value, Model):
        return link_to(value)
    if isinstance(value, datetime):
        return shown.day(value, record.tenant.zone)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return shown.NOTHING if value in _EMPTY else value


def _links(entity: str, record: Record) -> Iterable[Link]:
    links = Link.objects.filter(entity=entity, record_id=record.pk).select_related("source")
    return links.order_by("source__name", "pk")[:20]


_LINK_TONES = {Link.State.LIVE: "ok", Link.State.WAITING: "busy", Link.State.FROZEN: "warn"}


def _counterpart(link: Link, record: Any) -> Counterpart:
    return Counterpart(
        link,
        deep_link(link.source.system, link.entity, link.external_id),
        badge(link.get_state_display(), _LINK_TONES.get(Link.State(link.state), "idle")),
        shown.moment(link.remote_modified_at, record.tenant.zone),
        json.dumps(link.payload, indent=2, ensure_ascii=False) if link.payload else "",
    )


def _conflicts(entity: str, record: Any) -> list[Conflict]:
    """By tenant and state, as the inbox is indexed."""
    pending = Conflict.objects.filter(tenant=record.tenant, state=Conflict.State.PENDING)
    return list(pending.filter(entity=entity, record_id=record.pk).select_related("link__source")[:50])
