"""Conflicts by what people know of their record: its name, its customer's phone, its number."""

from typing import Any

from django.contrib.admin import AdminSite

from portal.models import Tenant
from reconciliation import inbox
from reconciliation.admin.records import RecordAdmin
from reconciliation.entities import ENTITIES


def searched(site: AdminSite, rows: Any, text: str, tenants: list[Tenant]) -> Any:
    """`rows` of the records that the search of their own list would find."""
    found: dict[str, Any] = {}
    for name in rows.order_by().values_list("entity", flat=True).distinct():
        entity = ENTITIES[name]
        pages = site._registry.get(entity.model)
        if isinstance(pages, RecordAdmin):
            waiting = entity.objects.filter(pk__in=rows.filter(entity=name).values("record_id"))
            found[name] = pages.search(waiting, text, tenants).values_list("pk", flat=True)
    return inbox.narrowed_to(rows, found)
