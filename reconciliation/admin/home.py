"""What a customer has for longer than one job: maintenance plans, and the units in the house."""

from django.contrib import admin

from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_words
from reconciliation.admin.records import RecordAdmin
from reconciliation.models import Equipment, Membership
from reconciliation.search import Ways


@admin.register(Membership)
class MembershipAdmin(RecordAdmin):
    """Maintenance plans."""

    menu_order = 32
    menu_group = "Customers"
    list_display = ["plan", "customer_link", "status_shown", "starts", "ends", "next_bill"]
    list_filter = [
        by_words("status", "status", "Active", "Suspended", "Expired", "Canceled", "Deleted"),
        ActiveFilter,
    ]
    list_select_related = ["customer", "membership_type"]
    search_help_text = "ServiceTitan id, its customer's name, phone or address"
    ways = Ways(("membership",), customer="customer")
    references = ("customer", "location", "membership_type", "business_unit")
    facts = (
        ("Membership", ("membership_type", "customer", "location", "status", "business_unit")),
        ("Dates", ("starts_at", "ends_at", "cancelled_at", "next_bill_at", "billing_frequency")),
        ("Details", ("memo",)),
    )
    card_columns = ("plan", "status_shown", "starts", "ends")
    customer_link = columns.other("customer")
    status_shown = columns.status()
    starts = columns.day("starts_at", "from")
    ends = columns.day("ends_at", "to")
    next_bill = columns.day("next_bill_at", "next bill")

    @admin.display(description="plan")
    def plan(self, membership: Membership) -> str:
        return str(membership.membership_type or membership)


@admin.register(Equipment)
class EquipmentAdmin(RecordAdmin):
    """Units installed at locations."""

    menu_order = 34
    menu_group = "Customers"
    list_display = ["name_shown", "made_by", "serial_shown", "location_link", "installed", "warranty"]
    list_filter = [ActiveFilter]
    list_select_related = ["location"]
    search_help_text = "Serial number, ServiceTitan id, its customer's name, phone or address"
    ways = Ways(("equipment",), numbers=("serial_number",), customer="customer")
    references = ("customer", "location")
    facts = (
        (
            "Unit",
            ("name", "kind", "manufacturer", "model", "serial_number", "status", "location", "customer"),
        ),
        ("Details", ("installed_at", "warranty_ends_at", "cost", "memo")),
    )
    card_columns = ("name_shown", "made_by", "serial_shown", "installed", "warranty")
    serial_shown = columns.words("serial_number", "serial number", sortable=True)
    location_link = columns.other("location")
    installed = columns.day("installed_at", "installed")
    warranty = columns.day("warranty_ends_at", "warranty to")

    @admin.display(description="name")
    def name_shown(self, unit: Equipment) -> str:
        return str(unit)

    @admin.display(description="made by")
    def made_by(self, unit: Equipment) -> str:
        return " ".join(part for part in (unit.manufacturer, unit.model) if part) or shown.NOTHING
