"""Customers, their locations, and how to reach them."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.utils.html import format_html, format_html_join

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_words
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.admin.tagging import RemovePages, TagPages
from reconciliation.models import (
    Case,
    Contact,
    Customer,
    Equipment,
    Estimate,
    Invoice,
    Job,
    Lead,
    Location,
    Membership,
    Opportunity,
    Payment,
    Person,
    Rating,
    Task,
)
from reconciliation.search import Ways, search_customers

PHONES_SHOWN = 2


@admin.register(Customer)
class CustomerAdmin(TagPages, RecordAdmin):
    """Who pays. Found by phone, e-mail, name, address, or any number they may quote."""

    menu_order = 10
    menu_group = "Customers"
    actions = ("merge_selected",)
    list_display = ["name_shown", "phones", "place", "balance_amount"]
    list_filter = [ActiveFilter, by_words("kind", "type", "Residential", "Commercial")]
    list_prefetch_related = [
        Prefetch(
            "contacts",
            Contact.objects.exclude(kind=Contact.Kind.EMAIL).select_related("tenant").order_by("pk"),
            to_attr="phones_known",
        )
    ]
    ordering = ("tenant_id", "name_key")
    search_help_text = "Phone, e-mail, name, address, ServiceTitan id, invoice or job number"
    references = ("merged_into",)
    facts = (("Customer", ("kind", "address", "balance", "credit_limit")),)
    flags = ("do_not_service", "do_not_mail", "tax_exempt", "national_account")
    linked = (
        Linked("Contacts", Contact, "customer"),
        Linked("Locations", Location, "customer"),
        Linked("Jobs", Job, "customer"),
        Linked("Invoices", Invoice, "customer"),
        Linked("Payments", Payment, "customer"),
        Linked("Estimates", Estimate, "customer"),
        Linked("Memberships", Membership, "customer"),
        Linked("Reviews", Rating, "customer"),
        Linked("Equipment", Equipment, "customer"),
        Linked("Leads", Lead, "customer"),
        Linked("People", Person, "customer"),
        Linked("Opportunities", Opportunity, "customer"),
        Linked("Cases", Case, "customer"),
        Linked("Tasks", Task, "customer"),
    )
    balance_amount = columns.amount("balance")

    def search(self, rows: QuerySet[Any], text: str, tenants: list[Any]) -> QuerySet[Any]:
        return search_customers(rows, text, tenants)

    @admin.display(description="name", ordering="name_key")
    def name_shown(self, customer: Customer) -> str:
        if customer.merged_into_id:
            return format_html("{} {}", str(customer), badge("merged"))
        return str(customer) if customer.active else format_html("{} {}", str(customer), badge("inactive"))

    @admin.display(description="phone")
    def phones(self, customer: Any) -> str:
        known = customer.phones_known
        first = format_html_join("", "<div>{}</div>", ((phone(contact),) for contact in known[:PHONES_SHOWN]))
        more = len(known) - PHONES_SHOWN
        return format_html("{}<div>and {} more</div>", first, more) if more > 0 else first or shown.NOTHING

    @admin.display(description="address")
    def place(self, customer: Customer) -> str:
        return customer.address or shown.NOTHING


@admin.register(Location)
class LocationAdmin(TagPages, RecordAdmin):
    """Where work is done."""

    menu_order = 20
    menu_group = "Customers"
    actions = ("merge_selected",)
    list_display = ["name_shown", "place", "customer_link"]
    list_filter = [ActiveFilter]
    list_select_related = ["customer"]
    ordering = ("tenant_id", "address_key")
    search_help_text = "Address, its customer's name, phone or e-mail, ServiceTitan id"
    ways = Ways(("location",), words=("address_key",), customer="customer")
    references = ("customer", "merged_into")
    facts = (("Location", ("customer", "name", "address")),)
    flags = ("tax_exempt",)
    card_columns = ("place", "name", "active_shown")
    linked = (
        Linked("Contacts", Contact, "location"),
        Linked("Jobs", Job, "location"),
        Linked("Equipment", Equipment, "location"),
    )
    customer_link = columns.other("customer")

    @admin.display(description="name")
    def name_shown(self, location: Location) -> str:
        name = location.name or location.address or f"Location {location.pk}"
        return name if location.active else format_html("{} {}", name, badge("inactive"))

    @admin.display(description="address", ordering="address_key")
    def place(self, location: Location) -> str:
        return location.address or shown.NOTHING

    @admin.display(description="state")
    def active_shown(self, location: Location) -> str:
        return badge("active", "ok") if location.active else badge("inactive")


@admin.register(Contact)
class ContactAdmin(RemovePages, RecordAdmin):
    """Phone numbers and e-mail addresses."""

    menu_order = 30
    menu_group = "Customers"
    list_display = ["reach", "kind", "owner", "memo_shown"]
    list_filter = [ActiveFilter, "kind", "usable"]
    list_select_related = ["customer", "location__customer"]
    ordering = ("-tenant_id", "-e164")  # as an index goes backwards: numbers first, then what is none
    search_help_text = "A phone, an e-mail address, or its customer's name"
    ways = Ways(("customer_contact", "location_contact"), customer="customer")
    references = ("customer", "location")
    facts = (("Contact", ("customer", "location", "kind", "value", "e164", "extension", "memo")),)
    card_columns = ("reach", "kind", "memo_shown")
    flags = ("do_not_text",)
    card_order = ("-kind", "pk")
    memo_shown = columns.words("memo")

    @admin.display(description="contact", ordering="e164")
    def reach(self, contact: Contact) -> str:
        return phone(contact)

    @admin.display(description="of")
    def owner(self, contact: Contact) -> str:
        return columns.link_to(contact.customer or contact.location)


def phone(contact: Contact) -> str:
    """A number in one form for all; what could not be read stays as its source writes it, and says so."""
    if contact.e164:
        number = shown.phone(contact.e164, contact.extension, contact.tenant.phone_region)
        return format_html('<span class="phone">{}</span>', number)
    words = contact.value or shown.NOTHING
    return words if contact.usable else format_html("{} {}", words, badge("cannot be read", "warn"))
