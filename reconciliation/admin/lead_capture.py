"""A lead that somebody takes down by hand: who asked, what for, where they heard of the shop, when to call back."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.access import Action, access_of
from portal.models import Tenant, User
from portal.numbers import number
from portal.own_pages import OwnPages, list_view
from reconciliation.adding import add
from reconciliation.admin.acting import SENT_ON
from reconciliation.admin.dispatching import MomentField
from reconciliation.entities import ENTITIES
from reconciliation.models import Lead


class LeadForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """The lead's own fields. A way to reach them is needed, and what they ask for."""

    title, button = "Take down a lead", "Save the lead"
    follow_up_at = MomentField(label="Call back", help_text="In the merchant's own time.")
    priority = forms.ChoiceField(choices=[(word, word) for word in ("Normal", "High", "Urgent", "Low")])

    class Meta:
        model = Lead
        fields = [
            "tenant", "name", "phone", "email", "street", "unit", "city", "state", "postal_code", "country", "summary",
            "lead_source", "priority", "follow_up_at",
        ]  # fmt: skip
        widgets = {
            **{
                name: forms.TextInput
                for name in (
                    "name",
                    "phone",
                    "email",
                    "street",
                    "unit",
                    "city",
                    "state",
                    "postal_code",
                    "country",
                )
            },
            "lead_source": forms.TextInput({"maxlength": 120}),
            "summary": forms.Textarea({"rows": 3}),
        }

    def __init__(self, tenants: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["tenant"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # a foreign key's
        field.queryset = tenants
        only = list(tenants[:2])
        if len(only) == 1:
            field.initial, field.empty_label = only[0].pk, None
        for name in ("name", "summary", "lead_source"):
            self.fields[name].required = True
        self.initial.setdefault("country", "USA")
        self.initial.setdefault("follow_up_at", timezone.now() + timedelta(days=1))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not (values.get("phone") or values.get("email")):
            self.add_error("phone", "Give a phone number or an e-mail address: somebody must be called back.")
        return values


class CapturePage(OwnPages):
    """Mixed into the admin of leads."""

    @list_view("capture/", action=Action.RESOLVE)
    def capture(self, request: HttpRequest) -> HttpResponse:
        tenants = access_of(request.user).tenants(Action.RESOLVE).order_by("name")
        chosen = tenants.filter(pk=number(request.POST.get("tenant", ""))).first()
        first: Tenant | None = chosen or tenants.first()
        with timezone.override(first.zone if first else None):
            form = LeadForm(tenants, request.POST if request.method == "POST" else None)
            if request.method == "POST" and form.is_valid():
                lead = self._added(request, form.cleaned_data)
                messages.success(request, f"The lead is stored. {SENT_ON}")
                return redirect("admin:reconciliation_lead_change", lead.pk)
            back = reverse("admin:reconciliation_lead_changelist")
            reply = self.page(
                request, "admin/reconciliation/act.html", title=LeadForm.title, form=form, back=back
            )
            return reply.render()

    def _added(self, request: HttpRequest, values: dict[str, Any]) -> Any:
        entity = ENTITIES["lead"]
        fields = {name: value for name, value in values.items() if name in entity.fields}
        actor = request.user if isinstance(request.user, User) else None
        return add(entity, values["tenant"].pk, {**fields, "status": "Open"}, actor=actor)
