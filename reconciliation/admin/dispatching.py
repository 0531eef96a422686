"""What a person does about a job: call it off, move a visit, send a technician or take one off."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse

from portal.access import Action
from portal.models import User
from portal.own_pages import object_view
from reconciliation import double_booking
from reconciliation.adding import add
from reconciliation.admin import shown
from reconciliation.admin.acting import Act, ActForm, ActingPages
from reconciliation.editing import edit
from reconciliation.entities import ENTITIES
from reconciliation.models import Appointment, Assignment, ReferenceItem

OVER = ("Completed", "Canceled")
VISIT_OVER = ("Done", "Canceled")


class VisitField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    """Visits by number and time."""

    def label_from_instance(self, visit: Any) -> str:
        when = shown.moment(visit.starts_at, visit.tenant.zone) if visit.starts_at else "no time yet"
        return f"{visit.number or f'no. {visit.pk}'}, {when}"


class AssignmentField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    """Who is sent, and to which visit."""

    def label_from_instance(self, assignment: Any) -> str:
        return (
            f"{assignment.technician} at visit {assignment.appointment.number or assignment.appointment_id}"
        )


class MomentField(forms.DateTimeField):
    """A day and time in the tenant's zone, with the browser's own way of choosing one."""

    def __init__(self, **kwargs: Any) -> None:
        look = "%Y-%m-%dT%H:%M"
        widget = forms.DateTimeInput({"type": "datetime-local"}, format=look)
        super().__init__(widget=widget, input_formats=[look, "%Y-%m-%d %H:%M"], **kwargs)


class CancelForm(ActForm):
    title, button, danger = "Call the job off", "Call the job off", True
    explained = (
        "The job is canceled in ServiceTitan with this reason; its status comes back with the next sync."
    )
    reason = forms.ModelChoiceField(ReferenceItem.objects.none())
    memo = forms.CharField(
        label="In words",
        widget=forms.Textarea({"rows": 3}),
        help_text="ServiceTitan keeps it with the reason.",
    )

    def prepare(self) -> None:
        self.choose("reason", _items(self.record, ReferenceItem.Kind.CANCEL_REASON))

    def impossible(self) -> str:
        if self.record.status in OVER:
            return "The job is completed or canceled already."
        if self.record.cancellations.filter(active=True, external_id="").exists():
            return "The job was called off here already; that is on its way to the connected system."
        return ""

    def act(self, actor: User | None) -> str:
        reason, values = self.cleaned_data["reason"], {"memo": self.cleaned_data["memo"]}
        references, note = {"job": self.record, "reason": reason}, f"{self.record} called off: {reason}"
        add(ENTITIES["cancellation"], self.record.tenant_id, values, references, actor=actor, note=note)
        return "The job is called off."


class VisitForm(ActForm):
    """An act on one visit of a job."""

    visit = VisitField(Appointment.objects.none())

    def prepare(self) -> None:
        self.choose("visit", _open_visits(self.record))

    def impossible(self) -> str:
        return "" if _open_visits(self.record).exists() else "The job has no visit that is still to come."


class RescheduleForm(VisitForm):
    title, button = "Move a visit", "Move the visit"
    explained = "Times are the merchant's own."
    starts_at, ends_at = MomentField(label="Starts"), MomentField(label="Ends")
    arrival_window_start = MomentField(label="Arrival window from", required=False)
    arrival_window_end = MomentField(label="Arrival window to", required=False)

    def prepare(self) -> None:
        super().prepare()
        visit = _open_visits(self.record).first()
        self.fields["visit"].initial = visit.pk if visit else None
        for name in ("starts_at", "ends_at", "arrival_window_start", "arrival_window_end"):
            self.fields[name].initial = getattr(visit, name, None)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for first, last in (("starts_at", "ends_at"), ("arrival_window_start", "arrival_window_end")):
            if values.get(first) and values.get(last) and values[last] <= values[first]:
                self.add_error(last, "It must end after it starts.")
        if bool(values.get("arrival_window_start")) != bool(values.get("arrival_window_end")):
            self.add_error("arrival_window_end", "Give both ends of the arrival window, or neither.")
        if not self.errors:
            moved = values["visit"]
            moved.starts_at, moved.ends_at = values["starts_at"], values["ends_at"]
            if words := double_booking.of_appointment(moved):
                self.add_error("starts_at", words)
        return values

    def act(self, actor: User | None) -> str:
        values = {name: value for name, value in self.cleaned_data.items() if name != "visit"}
        edit(ENTITIES["appointment"], self.cleaned_data["visit"].pk, values, actor=actor)
        return "The visit is moved."


class AssignForm(VisitForm):
    title, button = "Send a technician", "Send"
    technician = forms.ModelChoiceField(ReferenceItem.objects.none())

    def prepare(self) -> None:
        super().prepare()
        self.choose("technician", _items(self.record, ReferenceItem.Kind.TECHNICIAN))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        wanted = Assignment(appointment=values["visit"], technician=values["technician"])
        if values["visit"].assignments.filter(technician=values["technician"], active=True).exists():
            self.add_error("technician", f"{values['technician']} is sent there already.")
        elif words := double_booking.of_assignment(wanted):
            self.add_error("technician", words)
        return values

    def act(self, actor: User | None) -> str:
        visit, technician = self.cleaned_data["visit"], self.cleaned_data["technician"]
        references = {"appointment": visit, "job": self.record, "technician": technician}
        note = f"{technician} sent to {visit}"
        add(ENTITIES["assignment"], self.record.tenant_id, {}, references, actor=actor, note=note)
        return f"{technician} is sent."


class UnassignForm(ActForm):
    title, button = "Take a technician off", "Take off"
    sent = AssignmentField(Assignment.objects.none(), label="Technician")

    def prepare(self) -> None:
        self.choose("sent", _sent(self.record))

    def impossible(self) -> str:
        return (
            "" if _sent(self.record).exists() else "No technician is sent to a visit that is still to come."
        )

    def act(self, actor: User | None) -> str:
        sent = self.cleaned_data["sent"]
        note = f"{sent.technician} taken off {sent.appointment}"
        edit(ENTITIES["assignment"], sent.pk, {"active": False}, actor=actor, note=note)
        return f"{sent.technician} is taken off."


def _items(record: Any, kind: str) -> Any:
    return ReferenceItem.objects.filter(tenant=record.tenant_id, kind=kind, active=True).order_by(
        "name", "pk"
    )


def _open_visits(job: Any) -> Any:
    visits = Appointment.objects.filter(job=job, active=True).exclude(status__in=VISIT_OVER)
    return visits.select_related("tenant", "job").order_by("starts_at", "pk")


def _sent(job: Any) -> Any:
    rows = Assignment.objects.filter(appointment__in=_open_visits(job), active=True, technician__isnull=False)
    return rows.select_related("technician", "appointment").order_by("pk")


class DispatchPages(ActingPages):
    """Mixed into the admin of jobs."""

    acts: ClassVar[Sequence[Act]] = (
        Act("Move a visit", "reschedule"),
        Act("Send a technician", "assign"),
        Act("Take a technician off", "unassign"),
        Act("Call it off", "cancel"),
    )

    def buttons(self, record: Any) -> list[tuple[str, str]]:
        return [] if record.status in OVER else super().buttons(record)

    @object_view("cancel/", action=Action.RESOLVE)
    def cancel(self, request: HttpRequest, job: Any) -> HttpResponse:
        return self.acting(request, job, CancelForm)

    @object_view("reschedule/", action=Action.RESOLVE)
    def reschedule(self, request: HttpRequest, job: Any) -> HttpResponse:
        return self.acting(request, job, RescheduleForm)

    @object_view("assign/", action=Action.RESOLVE)
    def assign(self, request: HttpRequest, job: Any) -> HttpResponse:
        return self.acting(request, job, AssignForm)

    @object_view("unassign/", action=Action.RESOLVE)
    def unassign(self, request: HttpRequest, job: Any) -> HttpResponse:
        return self.acting(request, job, UnassignForm)
