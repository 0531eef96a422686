"""A record's stored values (JSON, in normal form) as plain words. Pure."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from portal.models import Tenant
from reconciliation.admin import shown
from reconciliation.entities import Entity

EMPTY = "empty"
_LABELS = {"tag_ids": "tags", "kind": "type", "value": "contact", "postal_code": "ZIP"}


def label(name: str) -> str:
    """A field's name as people say it."""
    return _LABELS.get(name) or name.removesuffix("_id").replace("_", " ")


def is_empty(value: Any) -> bool:
    return value in (None, "", [], {})


def words_of(entity: Entity, name: str, value: Any, tenant: Tenant) -> str:
    """One value as a person reads it; `EMPTY` where there is none."""
    if is_empty(value):
        return EMPTY
    kind = entity.fields.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "decimal":
        return _amount(entity, name, value, tenant)
    if kind == "timestamp":
        return _moment(value, tenant)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def counted(number: int, label: str) -> str:
    """`1 job`, `12 jobs`: a relation's label is a plural, or its first word is."""
    if number != 1:
        return f"{number:,} {label}"
    first, blank, rest = label.partition(" ")
    return f"1 {first.removesuffix('s')}{blank}{rest}"


def to_type(value: Any) -> str:
    """What stands in the box where a person may type another value: the stored form."""
    if is_empty(value):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _amount(entity: Entity, name: str, value: Any, tenant: Tenant) -> str:
    amount = Decimal(str(value))
    return shown.money(amount, tenant.currency) if name in entity.currency_fields else f"{amount:f}"


def _moment(value: Any, tenant: Tenant) -> str:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if shown.is_bare_date(found):
        return f"{found:%-d %b %Y}"
    return f"{found.astimezone(tenant.zone):%-d %b %Y, %H:%M}"
