"""People and the roles they hold.

Partner staff invite people to their own tenants: name, e-mail and a first role, then a link by which the person
sets a password. Nobody types a password for somebody else, and nobody reaches a person whose roles lie elsewhere.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join

from portal import audit
from portal.access import Action, access_of
from portal.admins.log_ins import LogInPages
from portal.admins.roles import RoleFields, note_grant
from portal.login import password_link
from portal.models import Partner, Role, RoleGrant, Tenant, User
from portal.tenant_admin import TenantAdmin, object_view

audit.register_action("person.link_made", "made a set-password link for {target}")
audit.register_action("person.password_set", "set a new password")


class InviteForm(RoleFields):
    """A new person with a first role: without one, nobody but a platform admin could find that person again."""

    role = forms.ChoiceField()
    tenant = forms.ModelChoiceField(Tenant.objects.none())
    partner = forms.ModelChoiceField(
        Partner.objects.none(),
        help_text="Instead of one tenant: all tenants of this partner, those still to come included.",
    )

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email"]


@admin.register(User)
class UserAdmin(LogInPages, TenantAdmin):
    """People. Those who leave are switched off, not deleted: the audit trail keeps naming them."""

    tenant_path = None
    view_action = add_action = change_action = Action.MANAGE_PEOPLE
    delete_action = None
    confirms = frozenset({"add", "change"})
    menu_order = 20
    list_display = ["username", "display_name", "email", "roles", "is_active", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    fields = [
        "username",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "roles",
        "last_login",
        "date_joined",
    ]
    readonly_fields = ["roles", "last_login", "date_joined"]

    def scoped(self, request: HttpRequest, rows: QuerySet[Any], action: Action) -> QuerySet[Any]:
        """Beside each person only the roles in reach: those on other partners' tenants are not theirs to know."""
        access = access_of(request.user)
        shown = Prefetch(
            "grants", access.grants_managed().select_related("tenant", "partner"), to_attr="grants_in_reach"
        )
        return access.scope(rows).prefetch_related(shown)

    def may(self, request: HttpRequest, action: Action | None, obj: Model | None = None) -> bool:
        """Seeing a person needs one shared tenant; changing one needs all of that person's roles in reach."""
        if not super().may(request, action):
            return False
        return obj is None or obj.pk is None or self._in_reach(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().may(request, self.view_action)

    def may_save(self, request: HttpRequest, action: Action, obj: Any) -> bool:
        return self.may(request, action, obj)

    def _in_reach(self, request: HttpRequest, user: Any) -> bool:
        access = access_of(request.user)
        if access.is_platform_admin:
            return True
        managed = access.grants_managed().filter(user=user).count()
        return not user.is_superuser and managed == user.grants.count() > 0

    def may_make_link(self, request: HttpRequest, user: User) -> bool:
        """Partner staff may not take over a colleague who already logs in; their own link is the stock page."""
        if access_of(request.user).is_platform_admin:
            return True
        colleague = user.grants.filter(role=Role.PARTNER_STAFF).exists() and user.has_usable_password()
        return self._in_reach(request, user) and not colleague

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """By the e-mail an identity provider's word is believed: it is no way round `may_make_link`."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "email"] if obj is not None and not self.may_make_link(request, obj) else fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        return type("InviteForm", (InviteForm,), {"access": access_of(request.user)})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return super().get_fieldsets(request, obj)
        return [
            (None, {"fields": ["username", "first_name", "last_name", "email"]}),
            ("First role", {"fields": ["role", "tenant", "partner"]}),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            chosen = {name: form.cleaned_data[name] for name in ("role", "tenant", "partner")}
            note_grant(RoleGrant.objects.create(user=obj, **chosen), "role.granted")

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the person's page, where the link is made."""
        messages.success(request, f"{obj} was added. Make a set-password link and hand it over.")
        return redirect("admin:portal_user_change", obj.pk)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        user = kwargs.get("obj")
        if user is not None:
            context |= {"may_make_link": self.may_make_link(request, user)}
            context |= self.log_in_context(request, user)
        return super().render_change_form(request, context, *args, **kwargs)

    @object_view("link/", action=Action.MANAGE_PEOPLE, methods=("POST",), confirm=True)
    def password_link(self, request: HttpRequest, user: User) -> HttpResponse:
        """Show a link by which this person sets a password."""
        if not self.may_make_link(request, user):
            raise PermissionDenied
        audit.record("person.link_made", user, partner=_home_of(user))
        return self.page(
            request,
            "admin/portal/user/link.html",
            user,
            title=f"Set-password link for {user}",
            link=password_link(request, user),
        )

    @admin.display(description="roles")
    def roles(self, user: Any) -> str:
        return format_html_join(", ", "{}", ((grant,) for grant in user.grants_in_reach)) or "—"


def _home_of(user: User) -> Any:
    """The partner under whom an entry about this person is kept: that of the first role."""
    grant = user.grants.select_related("partner", "tenant__partner").first()
    return None if grant is None else grant.partner or (grant.tenant and grant.tenant.partner)
