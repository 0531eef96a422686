"""Programs that use the API: made with a token that is shown once, revoked with one button."""

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations.admin.subscriptions import person
from integrations.api import clients
from integrations.models import ApiClient
from portal.access import Action
from portal.keyring import Place, SecretUnreadable, opened, sealed
from portal.look import badge
from portal.tenant_admin import TenantAdmin, object_view

_SHOWN_ONCE = "new_api_token"
"""Where the token lies, encrypted, in the session between the request that made it and the page that shows it."""


@admin.register(ApiClient)
class ApiClientAdmin(TenantAdmin):
    """Never deleted: its name stands in histories. A token that is lost or known is revoked, and another made."""

    delete_action = None
    confirms = frozenset({"add"})
    menu_order = 63
    menu_group = "API and webhooks"
    fields = ["tenant", "name"]
    list_display = ["name", "tenant", "state_badge", "token", "used", "made"]
    list_filter = ["tenant"]
    list_select_related = ["tenant"]
    search_fields = ["name", "prefix"]
    change_form_template = "admin/integrations/api_client.html"
    empty_words = "Add a client for each program that books jobs, such as the website\u2019s booking form."

    @admin.display(description="state")
    def state_badge(self, client: ApiClient) -> str:
        return client_badge(client)

    @admin.display(description="token")
    def token(self, client: ApiClient) -> str:
        return f"{client.prefix}…"

    @admin.display(description="last used", ordering="last_used_at")
    def used(self, client: ApiClient) -> str:
        return str(naturaltime(client.last_used_at)) if client.last_used_at else "never"

    @admin.display(description="made", ordering="created_at")
    def made(self, client: ApiClient) -> str:
        return str(naturaltime(client.created_at))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new one is made with its token, which waits in the session for the one page that shows it."""
        if change:
            return super().save_model(request, obj, form, change)
        self.check_save(request, self.add_action, obj)
        made, token = clients.create(obj.tenant, obj.name, user=person(request))
        for field in made._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj._state = made._state
        request.session[_SHOWN_ONCE] = [made.pk, sealed(token, _place(made.pk))]
        return None

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """`clients.create` has written it down."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> Any:
        return redirect("admin:integrations_apiclient_change", obj.pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        client = kwargs.get("obj")
        if client is not None:
            context |= {
                "state": client_badge(client),
                "token": self._token_once(request, client),
                "api_url": request.build_absolute_uri("/api/v1/"),
                "openapi_url": reverse("api-1:openapi-json"),
                "may_configure": self.may(request, Action.CONFIGURE, client),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def _token_once(self, request: HttpRequest, client: ApiClient) -> str:
        held = request.session.get(_SHOWN_ONCE)
        if not held or held[0] != client.pk:
            return ""
        del request.session[_SHOWN_ONCE]
        with suppress(SecretUnreadable):  # the keys, or their form, changed meanwhile
            return str(opened(held[1], _place(client.pk)))
        return ""

    @object_view("revoke/", action=Action.CONFIGURE, methods=("POST",))
    def revoke(self, request: HttpRequest, client: ApiClient) -> HttpResponse:
        if clients.revoke(client, user=person(request)):
            messages.success(request, f"{client} was revoked: its token opens nothing any more.")
        return redirect("admin:integrations_apiclient_change", client.pk)


def _place(pk: int) -> Place:
    """A client's token while it waits to be shown once."""
    return Place(_SHOWN_ONCE, (pk,))


def client_badge(client: ApiClient) -> str:
    if client.revoked_at:
        return badge("Revoked", "idle")
    return badge("In use", "ok") if client.last_used_at else badge("Not used yet", "busy")
