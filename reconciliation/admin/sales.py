"""What a sales system knows: people, deals, cases, campaign members and tasks."""

from django.contrib import admin
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_words
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.models import (
    CampaignMember,
    Case,
    CustomRecord,
    Opportunity,
    OpportunityRole,
    Person,
    Task,
)
from reconciliation.search import Ways

_BY_CUSTOMER = "Name, id, or its customer's name, phone or address"


@admin.register(Person)
class PersonAdmin(RecordAdmin):
    """Somebody at a customer."""

    menu_order = 130
    menu_group = "Sales"
    list_display = ["name_shown", "title_shown", "email_shown", "phone_shown", "customer_link"]
    list_filter = [ActiveFilter]
    list_select_related = ["customer"]
    search_help_text = "Name, e-mail address, or the customer's name, phone or address"
    ways = Ways(("person",), exact=("email",), text=("last_name", "first_name"), customer="customer")
    references = ("customer", "owner")
    facts = (
        ("Person", ("salutation", "first_name", "last_name", "title", "customer", "owner")),
        ("How to reach", ("email", "phone", "mobile", "address")),
        ("Membership", ("membership_tier", "membership_status", "membership_from", "membership_to")),
    )
    flags = ("do_not_call", "do_not_email")
    card_columns = ("name_shown", "title_shown", "email_shown", "phone_shown")
    linked = (
        Linked("Parts in deals", OpportunityRole, "person"),
        Linked("Cases", Case, "person"),
        Linked("Campaigns", CampaignMember, "person"),
        Linked("Tasks", Task, "person"),
    )
    customer_link = columns.other("customer")
    title_shown = columns.words("title")
    email_shown = columns.words("email", "e-mail")
    phone_shown = columns.words("phone")

    @admin.display(description="name")
    def name_shown(self, person: Person) -> str:
        return str(person) if person.active else format_html("{} {}", str(person), badge("inactive"))


@admin.register(Opportunity)
class OpportunityAdmin(RecordAdmin):
    """Deals: open, won or lost."""

    menu_order = 131
    menu_group = "Sales"
    list_display = ["name_shown", "customer_link", "stage_shown", "closes", "value_amount"]
    list_filter = ["is_closed", "is_won", ActiveFilter]
    list_select_related = ["customer"]
    search_help_text = _BY_CUSTOMER
    ways = Ways(("opportunity",), text=("name",), customer="customer")
    references = ("customer", "job", "technician", "campaign", "owner")
    facts = (
        ("Opportunity", ("name", "customer", "stage", "amount", "probability", "closes_on", "owner")),
        ("About", ("kind", "lead_source", "campaign", "next_step", "description")),
        ("Work that was sold", ("job", "technician", "service_type", "place", "wanted_from", "wanted_until")),
    )
    flags = ("is_won",)
    card_columns = ("name_shown", "stage_shown", "closes", "value_amount")
    linked = (
        Linked("People in it", OpportunityRole, "opportunity"),
        Linked("Tasks", Task, "opportunity"),
    )
    customer_link = columns.other("customer")
    stage_shown = columns.status("stage", "stage")
    closes = columns.words("closes_on", "closes")
    value_amount = columns.amount("amount")

    @admin.display(description="name")
    def name_shown(self, deal: Opportunity) -> str:
        return str(deal)


@admin.register(OpportunityRole)
class OpportunityRoleAdmin(RecordAdmin):
    """Who has which part in a deal."""

    menu_order = 132
    menu_group = "Sales"
    list_display = ["role_shown", "person_link", "opportunity_link"]
    list_filter = [ActiveFilter]
    list_select_related = ["person", "opportunity"]
    search_help_text = "Role or id"
    ways = Ways(("opportunity_role",), text=("role",), customer="opportunity__customer")
    references = ("person", "opportunity")
    facts = (("Part", ("role", "person", "opportunity")),)
    flags = ("is_primary",)
    card_columns = ("role_shown", "person_link", "opportunity_link")
    person_link = columns.other("person")
    opportunity_link = columns.other("opportunity")

    @admin.display(description="role")
    def role_shown(self, role: OpportunityRole) -> str:
        return str(role)


@admin.register(Case)
class CaseAdmin(RecordAdmin):
    """What went wrong or was asked, until it is settled."""

    menu_order = 133
    menu_group = "Sales"
    list_display = ["name_shown", "subject_shown", "customer_link", "priority_shown", "status_shown", "came"]
    list_filter = [by_words("priority", "priority", "High", "Medium", "Low"), "is_closed", ActiveFilter]
    list_select_related = ["customer"]
    search_help_text = "Case number, subject, or the customer's name, phone or address"
    ways = Ways(("case",), numbers=("number",), text=("subject",), customer="customer")
    references = ("customer", "job", "person", "owner")
    facts = (
        ("Case", ("number", "subject", "status", "priority", "customer", "job", "person", "owner")),
        ("About", ("origin", "kind", "reason", "description", "closed_at")),
    )
    card_columns = ("name_shown", "subject_shown", "priority_shown", "status_shown", "came")
    linked = (Linked("Tasks", Task, "case"),)
    customer_link = columns.other("customer")
    subject_shown = columns.words("subject")
    priority_shown = columns.words("priority")
    status_shown = columns.status()
    came = columns.day("source_created_at", "opened")

    @admin.display(description="case")
    def name_shown(self, case: Case) -> str:
        return str(case)


@admin.register(CampaignMember)
class CampaignMemberAdmin(RecordAdmin):
    """People in campaigns."""

    menu_order = 134
    menu_group = "Sales"
    list_display = ["campaign_shown", "person_link", "status_shown"]
    list_filter = ["has_responded", ActiveFilter]
    list_select_related = ["campaign", "person"]
    search_help_text = "Id, or the customer's name, phone or address"
    ways = Ways(("campaign_member",), customer="person__customer")
    references = ("campaign", "person")
    facts = (("Campaign member", ("campaign", "person", "status")),)
    flags = ("has_responded",)
    card_columns = ("campaign_shown", "person_link", "status_shown")
    person_link = columns.other("person")
    status_shown = columns.status()

    @admin.display(description="campaign")
    def campaign_shown(self, member: CampaignMember) -> str:
        return str(member.campaign) if member.campaign else shown.NOTHING


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    """What the sales team does for customers."""

    menu_order = 135
    menu_group = "Sales"
    list_display = ["subject_shown", "customer_link", "status_shown", "due"]
    list_filter = ["is_closed", ActiveFilter]
    list_select_related = ["customer"]
    search_help_text = "Subject, or the customer's name, phone or address"
    ways = Ways(("task",), text=("subject",), customer="customer")
    references = ("customer", "person", "opportunity", "case", "owner")
    facts = (
        ("Task", ("subject", "status", "priority", "due_on", "kind", "owner")),
        ("About", ("customer", "person", "opportunity", "case", "description")),
    )
    card_columns = ("subject_shown", "status_shown", "due")
    customer_link = columns.other("customer")
    status_shown = columns.status()
    due = columns.words("due_on", "due")

    @admin.display(description="subject")
    def subject_shown(self, task: Task) -> str:
        return str(task)


@admin.register(CustomRecord)
class CustomRecordAdmin(RecordAdmin):
    """Rows of objects that an account has made for itself."""

    menu_order = 136
    menu_group = "Sales"
    list_display = [
        "name_shown",
        "object_shown",
        "customer_link",
        "status_shown",
        "value_amount",
        "day_shown",
    ]
    list_filter = ["object", ActiveFilter]
    list_select_related = ["customer"]
    search_help_text = _BY_CUSTOMER
    ways = Ways(("custom_record",), text=("name",), customer="customer")
    references = ("customer", "person", "opportunity", "case", "owner")
    facts = (
        ("Record", ("name", "object", "status", "amount", "day", "owner")),
        ("About", ("customer", "person", "opportunity", "case")),
    )
    card_columns = ("name_shown", "object_shown", "status_shown", "value_amount")
    customer_link = columns.other("customer")
    object_shown = columns.words("object")
    status_shown = columns.status()
    value_amount = columns.amount("amount")
    day_shown = columns.words("day")

    @admin.display(description="name")
    def name_shown(self, record: CustomRecord) -> str:
        return str(record)
