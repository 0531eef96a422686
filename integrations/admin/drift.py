"""Drift on the pages: what of a system's fields and addresses is not what it was, and what that means here."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.text import capfirst

from integrations.admin.filters import StillOpenFilter
from integrations.admin.subscriptions import person
from integrations.models import Drift
from portal import audit
from portal.access import Action
from portal.look import badge
from portal.tenant_admin import ReadOnlyTenantAdmin, object_view

Kind = Drift.Kind


@admin.register(Drift)
class DriftAdmin(ReadOnlyTenantAdmin):
    """Fields and addresses that have changed; never what they hold."""

    tenant_path = "rule__connection__tenant"
    row_template = "admin/integrations/drift.html"
    menu_order = 48
    list_display = ["path", "what", "types", "entity", "merchant", "uses", "state_badge", "found"]
    list_filter = [
        StillOpenFilter,
        "kind",
        "rule__connection__system",
        "rule__connection__tenant",
    ]
    list_select_related = ["rule__connection__tenant"]
    search_fields = ["path"]
    actions = ["mark_seen"]
    empty_words = "Every field and address is as it was when it was first read."

    @admin.display(description="entity")
    def entity(self, drift: Drift) -> str:
        return f"{capfirst(drift.rule.label)} ({drift.rule.connection.label})"

    @admin.display(description="tenant")
    def merchant(self, drift: Drift) -> str:
        return drift.rule.connection.tenant.name

    @admin.display(description="what", ordering="kind")
    def what(self, drift: Drift) -> str:
        return badge(drift.get_kind_display(), tone_of(drift))

    @admin.display(description="was, is")
    def types(self, drift: Drift) -> str:
        return " → ".join(filter(None, [drift.before, drift.after[:60]]))

    @admin.display(description="state", ordering="closed_at")
    def state_badge(self, drift: Drift) -> str:
        return state_of(drift)

    @admin.display(description="found", ordering="found_at")
    def found(self, drift: Drift) -> str:
        return str(naturaltime(drift.found_at))

    def row_context(self, request: HttpRequest, drift: Drift) -> dict[str, Any]:
        return {
            "drift": drift,
            "state": state_of(drift),
            "may_see": drift.closed_at is None and self.may(request, Action.RUN, drift),
        }

    @object_view("seen/", action=Action.RUN, methods=("POST",))
    def seen(self, request: HttpRequest, drift: Drift) -> HttpResponse:
        _see(Drift.objects.filter(pk=drift.pk), request)
        messages.success(request, "Noted. It is told again only if it changes once more.")
        return redirect("admin:integrations_drift_changelist")

    @admin.action(description="Mark as seen", permissions=["run"])
    def mark_seen(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        count = _see(self.where_may(request, rows, Action.RUN), request)
        messages.success(request, f"{count} noted.")


def _see(rows: QuerySet[Any], request: HttpRequest) -> int:
    found = list(rows.filter(closed_at=None).select_related("rule__connection__tenant"))
    count = Drift.objects.filter(pk__in=[row.pk for row in found], closed_at=None).update(
        closed_at=timezone.now(), seen_by=person(request)
    )
    for row in found:
        audit.record("drift.seen", row)
    return count


def tone_of(drift: Drift) -> str:
    if drift.kind == Kind.NEW:
        return "idle"
    return "bad" if drift.matters else "warn"


def state_of(drift: Drift) -> str:
    if drift.closed_at is None:
        return badge("Open", "warn" if drift.matters and drift.kind != Kind.NEW else "idle")
    return badge("Seen", "ok") if drift.seen_by_id else badge("Back", "ok")
