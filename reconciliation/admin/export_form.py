"""The form of the export page: what, of whom, in which form, and which rows of it."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.text import capfirst

from portal.access import Action, access_of
from portal.models import Tenant
from reconciliation.entities import in_words
from reconciliation.exports import FORMATS, CannotNarrow, Export, Narrowing, entity_names, prepared
from reconciliation.models import ReferenceItem

FINANCE = (
    "customer",
    "job",
    "invoice",
    "invoice_line",
    "payment",
    "payment_split",
    "ap_invoice",
    "ap_invoice_line",
    "ap_correction",
    "ap_correction_line",
    "adjustment",
    "adjustment_line",
    "conflict",
    "merge",
)
"""What is asked for most, first in the list."""
_LABELS = {
    "conflict": "Conflicts settled",
    "merge": "Merges",
    "equipment": "Equipment",
    "booking": "Bookings",
}


def label(entity: str) -> str:
    """An export's name for people: Invoice lines."""
    words = capfirst(in_words(entity))
    plural = f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"
    return _LABELS.get(entity, plural)


def _choices() -> list[Any]:
    rest = sorted((name for name in entity_names() if name not in FINANCE), key=label)
    return [
        ("For finance", [(name, label(name)) for name in FINANCE]),
        ("All records", [(name, label(name)) for name in rest]),
    ]


class ExportForm(forms.Form):
    """Valid only if the export it describes can be made; `taken` is that export, ready to run."""

    tenant: "forms.ModelChoiceField[Tenant]" = forms.ModelChoiceField(Tenant.objects.none(), empty_label=None)
    what = forms.ChoiceField(choices=_choices)
    format = forms.ChoiceField(choices=[(form.name, form.label) for form in FORMATS.values()])
    since = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="Invoices by their date, payments by when they were paid, jobs by when they were completed.",
    )
    until = forms.DateField(
        label="To",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="Both days included, in the merchant's time zone.",
    )
    business_unit = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput({"list": "business-units", "autocomplete": "off"}),
        help_text="Its name, or its id at the source. Empty is all.",
    )
    active = forms.ChoiceField(
        label="Activity",
        required=False,
        choices=[("", "Active and inactive"), ("yes", "Active only"), ("no", "Inactive only")],
    )
    totals = forms.BooleanField(label="Add a last row with totals", required=False)
    background = forms.BooleanField(
        label="Write it in the background", required=False, help_text="Large ones always are."
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.taken: Export | None = None
        tenants = access_of(request.user).tenants(Action.EXPORT).order_by("name")
        self.fields["tenant"].queryset = tenants  # type: ignore[attr-defined]  # of the one kind of field
        units = ReferenceItem.objects.filter(
            tenant__in=access_of(request.user).tenant_ids(Action.EXPORT),
            kind=ReferenceItem.Kind.BUSINESS_UNIT,
            active=True,
        )
        self.units = list(units.order_by("name").values_list("name", flat=True).distinct()[:100])

    @property
    def wanted(self) -> Narrowing:
        data = self.cleaned_data
        active = {"yes": True, "no": False}.get(data["active"])
        return Narrowing(data["since"], data["until"], data["business_unit"], active)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.taken = prepared(
                    data["tenant"], data["what"], data["format"], wanted=self.wanted, totals=data["totals"]
                )
            except CannotNarrow as error:
                raise forms.ValidationError(str(error)) from None
        return data
