"""How sure a merchant wants to be: the limits of the bands, and whether certain ones merge without asking."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.access import Action, access_of
from portal.models import Tenant
from portal.numbers import number
from portal.tenant_admin import TenantAdmin, list_view
from reconciliation.admin.values import counted
from reconciliation.merging_by_itself import Planned, percent, planned
from reconciliation.models import Customer, MatchSettings

_NAMED = 5
_LIMITS = ["review_from", "merge_from"]


class PercentField(forms.FloatField):
    """A share from 0 to 1 that people read and type in percent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=100, **kwargs)
        self.widget.attrs.update({"step": "0.01", "inputmode": "decimal", "class": "percent"})

    def prepare_value(self, value: Any) -> Any:
        return f"{value * 100:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return None if typed is None else round(typed / 100, 8)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


class MatchSettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """The limits, lowest first. Switching on what merges by itself, or widening it, asks once more with a count."""

    review_from = PercentField(
        label="Ask a person from",
        help_text="In percent. Pairs that score less are ignored. Listed ones stay until everybody is compared again.",
    )
    merge_from = PercentField(
        label="Certain from", help_text="In percent, below 100. Measured for 99.95, which is the default."
    )
    confirmed = forms.BooleanField(
        label="Yes, merge these without asking, and what comes from now on",
        required=False,
        widget=forms.HiddenInput,
    )

    class Meta:
        model = MatchSettings
        fields = ["tenant", "review_from", "merge_from", "merges_by_itself"]

    def clean(self) -> Any:
        data = super().clean()
        review, merge = (self.cleaned_data.get(name) for name in _LIMITS)
        if review is None or merge is None:
            return data
        if review == 0:
            self.add_error("review_from", "Above 0: somewhere pairs must be left alone.")
        elif not review < merge < 1:
            self.add_error("merge_from", "Above the limit from which a person is asked, and below 100 %.")
        elif self._widens(merge) and not self.cleaned_data.get("confirmed"):
            self.fields["confirmed"].widget = forms.CheckboxInput()
            self.add_error("confirmed", warning(planned(self._tenant, merge), merge))
        return data

    @property
    def _tenant(self) -> Tenant:
        return self.cleaned_data.get("tenant") or self.instance.tenant

    def _widens(self, merge: float) -> bool:
        """Whether more would be merged without a person than before."""
        if not self.cleaned_data.get("merges_by_itself") or not (
            self.instance.pk or self.cleaned_data.get("tenant")
        ):
            return False
        before = MatchSettings.objects.filter(pk=self.instance.pk, merges_by_itself=True).first()
        return before is None or merge < before.merge_from


def warning(plan: Planned, merge_from: float) -> str:
    """What switching it on means, in numbers."""
    return (
        f"Nobody will be asked about pairs of {percent(merge_from)} and more. {told(plan)} Each merge is noted with its"
        " score and reasons and can be undone, but a wrong one is seen only by whoever looks."
    )


def told(plan: Planned) -> str:
    """What would be merged now."""
    words = (
        f"{counted(plan.pairs, 'pairs')} found so far: {counted(plan.customers, 'customers')} become"
        f" {len(plan.groups):,}."
        if plan.groups
        else "No pair found so far."
    )
    if not plan.left:
        return words
    return f"{words} {counted(plan.left, 'groups')} more in the band would be left to a person."


@admin.register(MatchSettings)
class MatchSettingsAdmin(TenantAdmin):
    """One row per tenant that has been compared, or wants it otherwise than by default."""

    menu_order = 145
    menu_group = "Duplicates"
    form = MatchSettingsForm
    delete_action = None  # it also keeps what the last pass counted
    change_form_template = "admin/reconciliation/match_settings.html"
    list_display = ["tenant", "asks_from", "certain_from", "merges_by_itself", "passed_at"]
    list_filter = ["merges_by_itself", "tenant"]
    list_select_related = ["tenant"]
    fieldsets = (
        (None, {"fields": ["tenant", "review_from", "merge_from"]}),
        (
            "Without a person",
            {
                "fields": ["merges_by_itself", "confirmed"],
                "description": "Off, certain pairs wait in Dedupe like all others. On, they are merged by the tenant's"
                " merge settings as soon as they are found, never across a “not a duplicate” or what somebody undid.",
            },
        ),
    )
    readonly_words = ((None, {"fields": ["tenant", "asks_from", "certain_from", "merges_by_itself"]}),)
    empty_words = "Without settings, a person is asked from 50 %, and nothing is merged by itself."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return self.fieldsets if may else self.readonly_words

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        shown = kwargs.get("obj")
        row = MatchSettings.objects.select_related("tenant").filter(pk=shown.pk).first() if shown else None
        if row is not None:  # as it is stored, whatever the form was sent
            plan = planned(row.tenant, row.merge_from)
            context |= {"plan": plan, "told": told(plan), "named": _named(plan), "limits": row}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="asks a person from", ordering="review_from")
    def asks_from(self, row: MatchSettings) -> str:
        return percent(row.review_from)

    @admin.display(description="certain from", ordering="merge_from")
    def certain_from(self, row: MatchSettings) -> str:
        return percent(row.merge_from)

    @list_view("of/", methods=("GET",))
    def of(self, request: HttpRequest) -> HttpResponse:
        """The settings of the tenant that the address names, or the form for its first ones."""
        tenant = access_of(request.user).tenants().filter(pk=number(request.GET.get("tenant", ""))).first()
        if tenant is None:
            raise Http404
        row = MatchSettings.objects.filter(tenant=tenant).first()
        if row is not None:
            return redirect("admin:reconciliation_matchsettings_change", row.pk)
        if not access_of(request.user).may(Action.CONFIGURE, tenant):
            raise PermissionDenied
        return redirect(f"{reverse('admin:reconciliation_matchsettings_add')}?tenant={tenant.pk}")


def _named(plan: Planned) -> list[list[Customer]]:
    """The first few groups, by their customers."""
    first = plan.groups[:_NAMED]
    known = Customer.objects.in_bulk([pk for members in first for pk in members])
    return [[known[pk] for pk in members if pk in known] for members in first]
