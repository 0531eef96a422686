"""The form that books a job: fields -> what is asked for (`integrations.booking.asked`), and problems back to fields."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone

from integrations.booking.asked import KINDS, PRIORITIES, Address, Asked, Person, Place, Problem
from integrations.booking.windows import Offer
from portal.models import Tenant
from reconciliation.models import Customer, Location, ReferenceItem

NEW = "new"
LISTS = {"job_type": "Job type", "business_unit": "Business unit", "campaign": "Campaign"}
_FIELD_OF = {
    "customer": "name",
    "customer.name": "name",
    "customer.phone": "phone",
    "customer.kind": "kind",
    "location": "place",
    "location.id": "place",
    "location.address": "street",
    "arrival_window.start": "start",
    "arrival_window.end": "end",
}


class WindowsForm(forms.Form):
    """What has to be known before free times can be asked for."""

    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        for name, label in LISTS.items():
            rows = ReferenceItem.objects.filter(tenant=tenant, kind=name, active=True).order_by("name")
            self.fields[name] = forms.ModelChoiceField(
                rows, label=label, empty_label=f"Choose a {label.lower()}"
            )
        self.fields["campaign"].required = False

    @property
    def today(self) -> date:
        return timezone.now().astimezone(self.tenant.zone).date()


class BookingForm(WindowsForm):
    """`customer` None books for somebody new. Times are those of the tenant."""

    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(label="Type", choices=[(kind, kind) for kind in KINDS])
    phone = forms.CharField(max_length=200, required=False, widget=forms.TextInput(attrs={"type": "tel"}))
    email = forms.EmailField(label="E-mail", required=False)
    again = forms.BooleanField(label="A new customer all the same", required=False)
    place = forms.ChoiceField(label="Where", widget=forms.RadioSelect)
    street = forms.CharField(max_length=200, required=False)
    unit = forms.CharField(max_length=200, required=False)
    city = forms.CharField(max_length=200, required=False)
    state = forms.CharField(max_length=200, required=False)
    postal_code = forms.CharField(max_length=200, required=False)
    lead_source = forms.CharField(
        max_length=200,
        required=False,
        help_text="Instead of a campaign, where the caller only says how they came.",
    )
    priority = forms.ChoiceField(choices=[(one, one) for one in PRIORITIES], initial="Normal")
    summary = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is wrong, in the customer's words.",
    )  # fmt: skip
    window = forms.ChoiceField(label="Free times", required=False, widget=forms.RadioSelect)
    start = forms.TimeField(
        label="Arrives from", required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    end = forms.TimeField(label="to", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, customer: Customer | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        known = self._places()
        place: Any = self.fields["place"]
        place.choices = [*((str(one.pk), str(one.address or one)) for one in known), (NEW, "Another address")]
        place.initial = str(known[0].pk) if known else NEW
        if customer is not None:
            for name in ("name", "kind", "phone", "email", "again"):
                del self.fields[name]

    def _places(self) -> list[Location]:
        if self.customer is None:
            return []
        rows = Location.objects.filter(customer=self.customer, active=True, merged_into=None)
        return list(rows.order_by("pk")[:50])

    @property
    def who(self) -> list[forms.BoundField]:
        return self._group("name", "kind", "phone", "email")

    @property
    def where(self) -> list[forms.BoundField]:
        return self._group("street", "unit", "city", "state", "postal_code")

    @property
    def what(self) -> list[forms.BoundField]:
        return self._group("job_type", "business_unit", "campaign", "lead_source", "priority")

    def _group(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    def offer(self, offer: Offer) -> None:
        """Let the person choose among these windows."""
        zone = self.tenant.zone
        field: Any = self.fields["window"]
        field.choices = [
            (
                _pack(window.start, window.end),
                _words(window.start.astimezone(zone), window.end.astimezone(zone)),
            )
            for window in offer.windows
        ]

    def clean(self) -> dict[str, Any]:
        data = dict(super().clean() or {})
        has_time = data.get("window") or (data.get("start") and data.get("end"))
        if not has_time and not {"window", "start", "end"} & self.errors.keys():
            self.add_error("start", "Choose one of the free times, or say from when to when.")
        if data.get("place") == NEW:
            for name in ("street", "city", "state", "postal_code"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, "An address needs this.")
        return data

    def asked(self) -> Asked:
        """What a valid form asks for."""
        data = self.cleaned_data
        start, end = self._window()
        return Asked(
            customer=self._person(), location=self._place(), start=start, end=end,
            priority=data["priority"], summary=data["summary"], lead_source=data["lead_source"],
            business_unit=data["business_unit"].pk, job_type=data["job_type"].pk,
            campaign=data["campaign"].pk if data["campaign"] else None,
        )  # fmt: skip

    def _window(self) -> tuple[datetime, datetime]:
        """Times that were typed in go before a window that was chosen."""
        data = self.cleaned_data
        if not (data["start"] and data["end"]):
            return _unpack(data["window"])
        zone = self.tenant.zone
        return (
            datetime.combine(data["day"], data["start"], zone),
            datetime.combine(data["day"], data["end"], zone),
        )

    def _person(self) -> Person:
        data = self.cleaned_data
        if self.customer is not None:
            return Person(id=self.customer.pk)
        return Person(
            name=data["name"], kind=data["kind"], phone=data["phone"], email=data["email"], new=data["again"]
        )

    def _place(self) -> Place:
        data = self.cleaned_data
        if data["place"] != NEW:
            return Place(id=int(data["place"]))
        return Place(
            address=Address(**{n: data[n] for n in ("street", "unit", "city", "state", "postal_code")})
        )

    def show(self, problems: Iterable[Problem]) -> None:
        """Put what was found later beside the fields that it concerns."""
        for problem in problems:
            name = _FIELD_OF.get(problem.field, problem.field.rpartition(".")[2])
            self.add_error(name if name in self.fields else None, problem.message)


def _pack(start: datetime, end: datetime) -> str:
    return f"{start.isoformat()}/{end.isoformat()}"


def _unpack(value: str) -> tuple[datetime, datetime]:
    start, _, end = value.partition("/")
    return datetime.fromisoformat(start), datetime.fromisoformat(end)


def _words(start: datetime, end: datetime) -> str:
    return f"{start:%H:%M} to {end:%H:%M}"
