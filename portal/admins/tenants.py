"""Partners and tenants."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.access import Action, access_of
from portal.look import badge
from portal.models import Partner, Tenant
from portal.panels import STATUS_TONES, tenant_panels
from portal.tenant_admin import TenantAdmin

LIKELY_ZONES = [
    f"America/{city}"
    for city in (
        *("New_York", "Chicago", "Denver", "Phoenix", "Los_Angeles", "Anchorage", "Toronto", "Winnipeg"),
        *("Edmonton", "Vancouver", "Halifax"),
    )
] + ["Pacific/Honolulu"]


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """Time zones to choose from, the merchants' likely ones first."""

    timezone = forms.ChoiceField(
        label="Time zone",
        choices=[
            (
                "United States and Canada",
                [(name, name.split("/")[1].replace("_", " ")) for name in LIKELY_ZONES],
            ),
            (
                "All",
                [(name, name) for name in sorted(available_timezones() - set(LIKELY_ZONES)) if "/" in name],
            ),
        ],
        initial=Tenant._meta.get_field("timezone").default,
        help_text=Tenant._meta.get_field("timezone").help_text,
    )


@admin.register(Tenant)
class TenantsAdmin(TenantAdmin):
    """Merchants. The change page also carries the panels that upper floors register for a tenant."""

    tenant_path = ""
    form = TenantForm
    menu_order = 10
    delete_action = None  # a tenant that leaves is set to “disconnected”: its records and audit trail stay
    list_display = ["name", "partner", "state", "timezone", "currency"]
    list_filter = ["status", "partner"]
    list_select_related = ["partner"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "partner", "timezone", "phone_region", "currency", "status"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A new tenant needs a role on its partner; one on other tenants is not enough."""
        return access_of(request.user).may_whole_partner(Action.CONFIGURE)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        tenant = kwargs.get("obj")
        if tenant is not None:
            context["tenant_panels"] = tenant_panels(request, tenant)
            context["may_audit"] = self.may(request, Action.AUDIT, tenant)
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """A new tenant's page comes next: its checklist says what to do."""
        if "_popup" in request.POST or "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, f"{obj} is added. The checklist below leads to its first sync.")
        return redirect("admin:portal_tenant_change", obj.pk)

    @admin.display(description="status", ordering="status")
    def state(self, tenant: Tenant) -> str:
        return badge(tenant.get_status_display(), STATUS_TONES[tenant.status])

    def may_save(self, request: HttpRequest, action: Action, obj: Any) -> bool:
        return access_of(request.user).may_partner(action, obj.partner_id)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Those who work for one partner need not choose it."""
        partners = access_of(request.user).partners(Action.CONFIGURE).values_list("pk", flat=True)[:2]
        only: dict[str, Any] = {"partner": partners[0]} if len(partners) == 1 else {}
        return {**only, **super().get_changeform_initial_data(request)}

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        return access_of(request.user).partners(Action.CONFIGURE)


@admin.register(Partner)
class PartnerAdmin(TenantAdmin):
    """Resellers. Platform admins handle them; partner staff see their own name on their tenants only."""

    tenant_path = None
    view_action = add_action = change_action = Action.PLATFORM
    menu_order = 40
    delete_action = None  # protected by its tenants, and named in the audit trail
    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}

    def may(self, request: HttpRequest, action: Action | None, obj: Any = None) -> bool:
        return action is not None and access_of(request.user).is_platform_admin

    def may_save(self, request: HttpRequest, action: Action, obj: Any) -> bool:
        return self.may(request, action)
