"""Records that failed: why, what came, who must act, and trying again: one, some, or all that match a filter."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import Truncator, capfirst

from integrations import retrying
from integrations.admin import words
from integrations.admin.filters import EntityFilter
from integrations.models import RunFailure
from integrations.syncing import NothingToSync
from portal.access import Action
from portal.models import User
from portal.tenant_admin import ReadOnlyTenantAdmin, object_view
from reconciliation.links import deep_link


@admin.register(RunFailure)
class RunFailureAdmin(ReadOnlyTenantAdmin):
    """One row per record that has failed; it closes by itself when the record comes through."""

    row_template = "admin/integrations/failure.html"
    tenant_path = "rule__connection__tenant"
    menu_order = 40
    list_display = ["what", "merchant", "state_badge", "why", "since"]
    list_filter = ["state", "reason", EntityFilter, "rule__connection__tenant"]
    list_select_related = ["rule__connection__tenant"]
    search_fields = ["external_id", "message"]
    search_help_text = "By the record's id at its source, or by words of the message."
    actions = ["retry_selected"]
    empty_words = "No record has failed."

    class Media:
        css = {"all": ["integrations/integrations.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Payloads are read on the page of one failure alone."""
        rows = super().get_queryset(request)
        return (
            rows.defer("payload")
            if request.resolver_match and "changelist" in str(request.resolver_match.url_name)
            else rows
        )

    @admin.display(description="record", ordering="external_id")
    def what(self, failure: RunFailure) -> str:
        return capfirst(f"{failure.rule.label} {failure.external_id}")

    @admin.display(description="tenant")
    def merchant(self, failure: RunFailure) -> str:
        return failure.rule.connection.tenant.name

    @admin.display(description="state", ordering="state")
    def state_badge(self, failure: RunFailure) -> str:
        return words.failure_badge(failure)

    @admin.display(description="why")
    def why(self, failure: RunFailure) -> str:
        return Truncator(failure.message).chars(130)

    @admin.display(description="since", ordering="created_at")
    def since(self, failure: RunFailure) -> str:
        return str(naturaltime(failure.created_at))

    @admin.action(description="Retry the selected records", permissions=["run"])
    def retry_selected(self, request: HttpRequest, rows: QuerySet[RunFailure]) -> HttpResponseBase:
        """Selected ones, or all that match the filter: the list's own “select all” decides."""
        return ask_to_retry(request, self.where_may(request, rows, Action.RUN), back=request.get_full_path())

    def row_context(self, request: HttpRequest, row: RunFailure) -> dict[str, Any]:
        rule = row.rule
        return {
            "title": f"{capfirst(rule.label)} {row.external_id}",
            "failure": row,
            "run": row.run,
            "rule": rule,
            "connection": rule.connection,
            "tenant": rule.connection.tenant,
            "deep_link": deep_link(rule.connection.system, rule.entity, row.external_id),
            "payload": json.dumps(row.payload, indent=2, ensure_ascii=False, default=str),
            "may_run": self.may(request, Action.RUN, row),
            "may_configure": self.may(request, Action.CONFIGURE, row),
            "tab": "runs",
        }

    @object_view("retry/", action=Action.RUN, methods=("POST",))
    def retry(self, request: HttpRequest, failure: RunFailure) -> HttpResponseBase:
        back = reverse("admin:integrations_runfailure_change", args=[failure.pk])
        return ask_to_retry(request, RunFailure.objects.filter(pk=failure.pk), back=back)


def ask_to_retry(request: HttpRequest, failures: QuerySet[RunFailure], *, back: str) -> HttpResponse:
    """Queue them and go and watch; where that cannot be, say why on the page the person came from."""
    user = request.user
    try:
        batch, count = retrying.retry(failures, user=user if isinstance(user, User) else None)
    except NothingToSync as error:
        messages.error(request, str(error))
        return redirect(back)
    messages.success(request, f"{count:,} record{'s are' if count > 1 else ' is'} tried again.")
    return redirect(f"{reverse('admin:integrations_run_batch')}?batch={batch}")
