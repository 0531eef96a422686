"""Connections: their list, the page of one, pausing and resuming. The forms are in the modules beside this one."""

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from integrations import quota
from integrations.admin import words
from integrations.admin.booking import BookingPage
from integrations.admin.checklist import next_of
from integrations.admin.configuration import ConfigurationPages
from integrations.admin.credentials import CredentialsPages
from integrations.admin.disconnect import DisconnectPage
from integrations.admin.lead_sources import LeadSourcesPage
from integrations.admin.linking import LinkPages
from integrations.admin.own_objects import OwnObjectsPage
from integrations.admin.rules import RulesPage
from integrations.admin.scopes import ScopePage
from integrations.admin.search import SearchPage
from integrations.admin.syncs import SyncPages
from integrations.admin.testing import TestPage
from integrations.admin.webhooks import WebhooksPage
from integrations.models import CallBudget, Connection, Run, RunFailure
from portal import audit
from portal.access import Action
from portal.tenant_admin import TenantAdmin, object_view


@admin.register(Connection)
class ConnectionAdmin(
    CredentialsPages,
    LinkPages,
    TestPage,
    ScopePage,
    RulesPage,
    LeadSourcesPage,
    OwnObjectsPage,
    SyncPages,
    DisconnectPage,
    SearchPage,
    BookingPage,
    WebhooksPage,
    ConfigurationPages,
    TenantAdmin,
):
    """A tenant's links to other systems. Disconnecting comes with its own page; nothing is deleted here."""

    tenant_path = "tenant"
    delete_action = None
    menu_order = 10
    list_display = ["name", "system_label", "state", "health_state", "last_sync", "what_is_wrong"]
    list_filter = ["status", "health", "system", "tenant"]
    list_select_related = ["tenant"]
    search_fields = ["tenant__name", "remote_account"]
    search_help_text = "By the merchant's name or its number at the system."
    empty_words = "Add a tenant, then connect it from its page."

    class Media:
        css = {"all": ["integrations/integrations.css"]}

    @admin.display(description="tenant", ordering="tenant__name")
    def name(self, connection: Connection) -> str:
        return connection.tenant.name

    @admin.display(description="system", ordering="system")
    def system_label(self, connection: Connection) -> str:
        return connection.label

    @admin.display(description="status", ordering="status")
    def state(self, connection: Connection) -> str:
        return words.status_badge(connection)

    @admin.display(description="health", ordering="health")
    def health_state(self, connection: Connection) -> str:
        return words.health_badge(connection)

    @admin.display(description="last sync", ordering="synced_at")
    def last_sync(self, connection: Connection) -> str:
        return str(naturaltime(connection.synced_at)) if connection.synced_at else "never"

    @admin.display(description="problem")
    def what_is_wrong(self, connection: Connection) -> str:
        if not connection.problem:
            return ""
        address = reverse("admin:integrations_connection_test", args=[connection.pk])
        return format_html('<a href="{}">{}</a>', address, connection.problem)

    def row_page(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """The overview: how it fares and where everything is. It shows no form, so there is nothing to post."""
        runs = Run.objects.filter(rule__connection=connection).select_related("rule")
        failures = RunFailure.objects.filter(rule__connection=connection)
        return self.page(
            request,
            "admin/integrations/connection.html",
            connection,
            title=str(connection),
            connection=connection,
            tenant=connection.tenant,
            rules=connection.rules.aggregate(on=Count("pk", filter=Q(enabled=True)), all=Count("pk")),
            missing=[scope for scope in connection.scopes if not scope["granted"]],
            runs=runs[:8],
            failures=failures.exclude(state=RunFailure.State.RESOLVED).count(),
            budget=CallBudget.objects.filter(key=connection.budget_key, day_allowed__gt=0).first(),
            calls_are_short=quota.is_short(connection.budget_key, timezone.now()),
            may_configure=self.may(request, Action.CONFIGURE, connection),
            may_run=self.may(request, Action.RUN, connection),
            tab="overview",
            **next_of(connection),
        )

    @object_view("pause/", action=Action.CONFIGURE, methods=("POST",))
    def pause(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """No worker calls for a paused connection; records stay."""
        if connection.status != Connection.Status.CONNECTED:
            messages.error(request, "Only a connected connection can be paused.")
            return redirect("admin:integrations_connection_change", connection.pk)
        return self._set(request, connection, Connection.Status.PAUSED, "connection.paused",
                         "Paused. Nothing is synced until it is resumed; records stay as they are.")  # fmt: skip

    @object_view("resume/", action=Action.CONFIGURE, methods=("POST",))
    def resume(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        if connection.status != Connection.Status.PAUSED:
            messages.info(request, "It was not paused.")
            return redirect("admin:integrations_connection_change", connection.pk)
        return self._set(request, connection, Connection.Status.CONNECTED, "connection.resumed",
                         "Resumed. What changed meanwhile arrives with the next sync.")  # fmt: skip

    @object_view("relink/", action=Action.CONFIGURE, methods=("POST",))
    def relink(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        """For when the merchant says that the credentials were withdrawn: stop calling until they are new."""
        connection.problem = "A person marked it: new credentials are needed."
        connection.save(update_fields=["problem"])
        return self._set(request, connection, Connection.Status.RELINK, "connection.relink_wanted",
                         "Marked. Enter new credentials to link it again.")  # fmt: skip

    def _set(
        self, request: HttpRequest, connection: Connection, status: Connection.Status, action: str, said: str
    ) -> HttpResponse:
        before = connection.get_status_display()
        if connection.status != status:
            connection.status = status
            connection.save(update_fields=["status"])
            audit.record(action, connection, diff={"status": [before, connection.get_status_display()]})
        messages.success(request, said)
        return redirect("admin:integrations_connection_change", connection.pk)
