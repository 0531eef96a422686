"""The merchant's own lists: business units, job types, tags, campaigns, technicians, …"""

from django.contrib import admin

from portal.look import badge
from reconciliation.admin.filters import ActiveFilter
from reconciliation.admin.records import RecordAdmin
from reconciliation.models import ReferenceItem
from reconciliation.search import Ways


@admin.register(ReferenceItem)
class ReferenceItemAdmin(RecordAdmin):
    """One item of one list; the filter by kind shows one list."""

    menu_order = 150
    menu_group = "Lists and files"
    list_display = ["name_shown", "kind", "state", "external_id"]
    list_filter = ["kind", ActiveFilter]
    ordering = ("tenant_id", "kind", "name")
    search_help_text = "Name or ServiceTitan id"
    ways = Ways(tuple(ReferenceItem.Kind.values), text=("name",))
    facts = (("Item", ("name", "kind", "external_id")),)
    card_columns = ("name_shown", "kind")

    @admin.display(description="name")
    def name_shown(self, item: ReferenceItem) -> str:
        return item.name or f"no. {item.external_id}"

    @admin.display(description="state")
    def state(self, item: ReferenceItem) -> str:
        return badge("active", "ok") if item.active else badge("inactive")
