"""Roles: given and taken away, never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from portal import audit
from portal.access import Access, Action, access_of
from portal.models import Role, RoleGrant
from portal.models.people import target_problem
from portal.tenant_admin import TenantAdmin

GRANTED_BY_PARTNERS = (Role.SUPPORT, Role.FINANCE, Role.VIEWER)

audit.register_action("role.granted", "gave {target} a role: {note}")
audit.register_action("role.taken", "took a role from {target}: {note}")


class RoleFields(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """The role and its target, with only such choices as the person who fills it in may give."""

    access: Access

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" not in self.fields:
            return
        roles = list(Role) if self.access.is_platform_admin else GRANTED_BY_PARTNERS
        self.fields["role"].choices = [("", "Choose a role"), *((role.value, role.label) for role in roles)]  # type: ignore[attr-defined]
        self._offer("tenant", self.access.tenants(Action.MANAGE_PEOPLE))
        self._offer("partner", self.access.partners(Action.MANAGE_PEOPLE))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]
        self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("role"):
            problem = target_problem(data["role"], bool(data.get("partner")), bool(data.get("tenant")))
            if problem:
                raise ValidationError(problem)
        return data


@admin.register(RoleGrant)
class RoleGrantAdmin(TenantAdmin):
    """Roles are given and taken away, never edited: the audit trail then reads as what happened."""

    view_action = add_action = delete_action = Action.MANAGE_PEOPLE
    change_action = None
    confirms = frozenset({"add", "delete"})
    menu_order = 30
    list_display = ["user", "role", "partner", "tenant", "created_at"]
    list_filter = ["role", "tenant", "partner"]
    list_select_related = ["user", "partner", "tenant"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "tenant__name", "partner__name"]
    fields = ["user", "role", "tenant", "partner"]
    form = RoleFields

    def scoped(self, request: HttpRequest, rows: QuerySet[Any], action: Action) -> QuerySet[Any]:
        return rows.filter(pk__in=access_of(request.user).grants_managed().values("pk"))

    def may(self, request: HttpRequest, action: Action | None, obj: Any = None) -> bool:
        if not super().may(request, action) or action is None:
            return False
        if obj is None or obj.pk is None:
            return True
        access = access_of(request.user)
        return access.is_platform_admin or obj.role in GRANTED_BY_PARTNERS

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().may(request, self.view_action)

    def may_save(self, request: HttpRequest, action: Action, obj: Any) -> bool:
        access = access_of(request.user)
        if access.is_platform_admin:
            return True
        in_reach = (
            access.may(action, obj.tenant) if obj.tenant_id else access.may_partner(action, obj.partner_id)
        )
        return in_reach and obj.role in GRANTED_BY_PARTNERS

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"access": access_of(request.user)})

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        access = access_of(request.user)
        offered: dict[str, QuerySet[Any]] = {
            "user": access.people(),
            "tenant": access.tenants(Action.MANAGE_PEOPLE),
            "partner": access.partners(Action.MANAGE_PEOPLE),
        }
        return offered[db_field.name]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        note_grant(obj, "role.granted")

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for grant in queryset:
            note_grant(grant, "role.taken")


def note_grant(grant: RoleGrant, action: str) -> None:
    """Write a role given or taken into the trail, under the person who holds it."""
    audit.record(action, grant.user, tenant=grant.tenant, partner=grant.partner, note=str(grant))
