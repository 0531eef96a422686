"""What the shop does: jobs, visits, who is sent, notes, and what comes before a job."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.utils.html import format_html

from portal.look import badge
from reconciliation.admin import columns, shown
from reconciliation.admin.acting import Act
from reconciliation.admin.dispatching import DispatchPages
from reconciliation.admin.filters import ActiveFilter, by_period, by_words
from reconciliation.admin.lead_capture import CapturePage
from reconciliation.admin.records import Linked, RecordAdmin
from reconciliation.admin.tagging import TagPages
from reconciliation.models import (
    Appointment,
    Assignment,
    Booking,
    Cancellation,
    Case,
    Estimate,
    Invoice,
    Job,
    Lead,
    Note,
    Rating,
)
from reconciliation.search import Ways

_SHOP = ("business_unit", "job_type", "campaign")
_NUMBER_OR_CUSTOMER = "Job number, ServiceTitan id, its customer's name, phone or address"


@admin.register(Job)
class JobAdmin(DispatchPages, TagPages, RecordAdmin):
    """Pieces of work."""

    menu_order = 40
    menu_group = "Work"
    acts: ClassVar[Sequence[Act]] = (*DispatchPages.acts, *TagPages.acts)
    list_display = ["number_shown", "customer_link", "job_type_shown", "status_shown", "done", "total_amount"]
    list_filter = [
        by_words(
            "status", "status", "Scheduled", "Dispatched", "InProgress", "Hold", "Completed", "Canceled"
        ),
        ActiveFilter,
    ]
    list_select_related = ["customer", "job_type"]
    search_help_text = _NUMBER_OR_CUSTOMER
    ways = Ways(("job",), numbers=("number",), customer="customer")
    references = ("customer", "location", *_SHOP)
    facts = (
        ("Job", ("number", "status", "priority", "customer", "location", *_SHOP)),
        ("Work", ("completed_at", "total", "customer_po", "lead_source", "summary", "summary_of_work")),
    )
    flags = ("no_charge",)
    card_columns = ("number_shown", "job_type_shown", "status_shown", "done", "total_amount")
    linked = (
        Linked("Appointments", Appointment, "job"),
        Linked("Technicians sent", Assignment, "appointment__job"),
        Linked("Cancellations", Cancellation, "job"),
        Linked("Invoices", Invoice, "job"),
        Linked("Estimates", Estimate, "job"),
        Linked("Notes", Note, "job"),
        Linked("Ratings", Rating, "job"),
        Linked("Cases", Case, "job"),
    )
    customer_link = columns.other("customer")
    status_shown = columns.status()
    done = columns.day("completed_at", "completed")
    total_amount = columns.amount("total")

    @admin.display(description="number", ordering="number")
    def number_shown(self, job: Job) -> str:
        return job.number or f"no. {job.pk}"

    @admin.display(description="type")
    def job_type_shown(self, job: Job) -> str:
        return str(job.job_type) if job.job_type else shown.NOTHING


@admin.register(Appointment)
class AppointmentAdmin(RecordAdmin):
    """Visits of jobs."""

    menu_order = 50
    menu_group = "Work"
    list_display = ["number_shown", "starts", "window", "status_shown", "job_link"]
    list_filter = [
        by_words("status", "status", "Scheduled", "Dispatched", "Working", "Hold", "Done", "Canceled"),
        by_period("starts_at", "start", ahead=True),
    ]
    list_select_related = ["job"]
    ordering = ("-starts_at",)
    search_help_text = _NUMBER_OR_CUSTOMER
    ways = Ways(("appointment",), job="job", customer="job__customer")
    references = ("job",)
    facts = (
        (
            "Appointment",
            (
                "job",
                "number",
                "status",
                "starts_at",
                "ends_at",
                "arrival_window_start",
                "arrival_window_end",
                "confirmed",
                "special_instructions",
            ),
        ),
    )
    card_columns = ("number_shown", "starts", "window", "status_shown")
    card_order = ("-starts_at",)
    linked = (Linked("Technicians sent", Assignment, "appointment"),)
    starts = columns.moment("starts_at", "starts", sortable=True)
    status_shown = columns.status()
    job_link = columns.other("job")

    @admin.display(description="number")
    def number_shown(self, appointment: Appointment) -> str:
        return appointment.number or f"no. {appointment.pk}"

    @admin.display(description="arrival window")
    def window(self, appointment: Appointment) -> str:
        begin, end = appointment.arrival_window_start, appointment.arrival_window_end
        if begin is None or end is None:
            return shown.NOTHING
        zone = appointment.tenant.zone
        return f"{begin.astimezone(zone):%H:%M} to {end.astimezone(zone):%H:%M}"


@admin.register(Assignment)
class AssignmentAdmin(RecordAdmin):
    """Technicians on appointments."""

    menu_order = 60
    menu_group = "Work"
    list_display = ["technician_shown", "appointment_link", "status_shown", "assigned"]
    list_filter = [
        by_words("status", "status", "Scheduled", "Dispatched", "Working", "Done"),
        ActiveFilter,
    ]
    list_select_related = ["technician", "appointment"]
    search_help_text = _NUMBER_OR_CUSTOMER
    ways = Ways(("assignment",), job="appointment__job", customer="appointment__job__customer")
    references = ("technician", "appointment", "job")
    facts = (("Assignment", ("technician", "appointment", "job", "status", "assigned_at", "paused")),)
    card_columns = ("technician_shown", "status_shown", "assigned")
    appointment_link = columns.other("appointment")
    status_shown = columns.status()
    assigned = columns.moment("assigned_at", "assigned")

    @admin.display(description="technician")
    def technician_shown(self, assignment: Assignment) -> str:
        return str(assignment.technician) if assignment.technician else f"Assignment {assignment.pk}"


@admin.register(Cancellation)
class CancellationAdmin(RecordAdmin):
    """Why jobs were called off."""

    menu_order = 75
    menu_group = "Work"
    list_display = ["reason_shown", "job_link", "memo_shown", "written"]
    list_select_related = ["job", "reason"]
    search_help_text = "The job's number, its customer's name or phone"
    ways = Ways(("cancellation",), text=("memo",), job="job", customer="job__customer")
    references = ("job", "reason")
    facts = (("Cancellation", ("job", "reason", "memo")),)
    card_columns = ("reason_shown", "memo_shown", "written")
    job_link = columns.other("job")
    memo_shown = columns.words("memo", "in words")
    written = columns.moment("source_created_at", "called off")

    @admin.display(description="reason")
    def reason_shown(self, cancellation: Cancellation) -> str:
        return str(cancellation.reason) if cancellation.reason else f"Cancellation {cancellation.pk}"


@admin.register(Note)
class NoteAdmin(RecordAdmin):
    """Notes on jobs."""

    menu_order = 70
    menu_group = "Work"
    list_display = ["beginning", "job_link", "written"]
    list_select_related = ["job"]
    search_help_text = "A part of the note, its job's number, its customer's name or phone"
    ways = Ways(("note",), text=("text",), job="job", customer="job__customer")
    references = ("job",)
    facts = (("Note", ("job", "text", "pinned")),)
    card_columns = ("beginning", "written")
    job_link = columns.other("job")
    written = columns.moment("source_created_at", "written")

    @admin.display(description="note")
    def beginning(self, note: Note) -> str:
        text = note.text if len(note.text) <= 140 else f"{note.text[:140]}…"
        words = text or f"Note {note.pk}"
        return format_html("{} {}", words, badge("pinned", "busy")) if note.pinned else words


class AskingAdmin(RecordAdmin):
    """What leads and bookings share: people who asked and are not customers yet."""

    list_select_related = ["job_type"]
    status_shown = columns.status()
    came = columns.day("source_created_at", "came in")

    @admin.display(description="type of job")
    def job_type_shown(self, record: Any) -> str:
        return str(record.job_type) if record.job_type else shown.NOTHING

    @admin.display(description="name")
    def name_shown(self, record: Any) -> str:
        return str(record)


@admin.register(Lead)
class LeadAdmin(CapturePage, AskingAdmin):
    """Somebody who asked and has not booked yet."""

    menu_order = 80
    menu_group = "Work"
    tools = (("Take down a lead", "admin:reconciliation_lead_capture"),)
    list_display = ["name_shown", "phone_shown", "job_type_shown", "status_shown", "came"]
    list_filter = [by_words("status", "status", "Open", "Dismissed", "Converted")]
    search_help_text = "Name, ServiceTitan id, or its customer's phone or address"
    ways = Ways(("lead",), text=("name", "phone"), customer="customer")
    references = ("customer", "location", *_SHOP)
    facts = (
        ("Lead", ("name", "phone", "email", "address", "status", "priority", "follow_up_at", "lead_source")),
        ("About", ("customer", "location", *_SHOP, "summary")),
    )
    card_columns = ("name_shown", "job_type_shown", "status_shown", "came")
    phone_shown = columns.words("phone")


@admin.register(Booking)
class BookingAdmin(AskingAdmin):
    """Requests for a visit from a booking provider."""

    menu_order = 90
    menu_group = "Work"
    list_display = ["name_shown", "source_shown", "job_type_shown", "status_shown", "starts"]
    list_filter = [by_words("status", "status", "New", "Converted", "Dismissed", "Accepted")]
    search_help_text = "Name, reference, ServiceTitan id, or the job's number"
    ways = Ways(("booking",), exact=("reference",), text=("name",), job="job")
    references = ("job", *_SHOP)
    facts = (
        (
            "Booking",
            ("name", "address", "status", "priority", "starts_at", "source", "reference", "is_first_time"),
        ),
        ("About", ("job", *_SHOP, "summary")),
    )
    card_columns = ("name_shown", "job_type_shown", "status_shown", "starts")
    source_shown = columns.words("source", "from")
    starts = columns.moment("starts_at", "starts")
