"""One sync rule: its field mapping, tried on a real record before it is saved, and how it reads."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations import samples
from integrations.admin.deliveries import dry_run_page
from integrations.admin.filters import OwnEntityFilter
from integrations.admin.mapping_forms import MappingTable, SettingsForm
from integrations.mapping import MappingError
from integrations.mappings import declaration, default_lines
from integrations.models import FieldMapping, SyncRule
from integrations.work import MISSING_SCOPE
from portal import audit
from portal.access import Action
from portal.look import badge
from portal.tenant_admin import TenantAdmin, object_view

SHOWN_CHILDREN = 5


@admin.register(SyncRule)
class SyncRuleAdmin(TenantAdmin):
    """Rules come with their connection and are switched off, not deleted."""

    tenant_path = "connection__tenant"
    add_action = delete_action = None
    menu_order = 20
    list_display = ["name", "merchant", "switched_on", "interval", "synced_at", "due_at"]
    list_filter = ["enabled", OwnEntityFilter, "connection__tenant"]
    list_select_related = ["connection__tenant"]
    empty_words = "They come with a connection."

    @admin.display(description="entity", ordering="position")
    def name(self, rule: SyncRule) -> str:
        return rule.label.capitalize()

    @admin.display(description="tenant", ordering="connection__tenant__name")
    def merchant(self, rule: SyncRule) -> str:
        return rule.connection.tenant.name

    @admin.display(description="on", ordering="enabled")
    def switched_on(self, rule: SyncRule) -> str:
        if rule.enabled:
            return badge("On", "ok")
        return (
            badge("Scope missing", "warn")
            if rule.off_because.startswith(MISSING_SCOPE)
            else badge("Off", "idle")
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rule = self.object_or_404(request, object_id)
        if request.method == "POST" and not self.may(request, Action.CONFIGURE, rule):
            raise PermissionDenied
        if "reset" in request.POST:
            return reset(request, rule)
        if "settings" in request.POST:
            return self._show(request, rule, settings=SettingsForm(request.POST, instance=rule))
        return self._show(request, rule)

    @object_view("dry-run/", action=Action.RUN, methods=("GET",))
    def dry_run(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
        """What of this rule would be written now."""
        return dry_run_page(self, request, rule)

    def _show(
        self, request: HttpRequest, rule: SyncRule, settings: SettingsForm | None = None
    ) -> HttpResponse:
        """The page; a valid POST is saved, unless it only asks to try the lines."""
        wants_lines = request.method == "POST" and settings is None
        seen = samples.recent(rule)
        tables = [
            MappingTable(rule, part, list(rule.mappings.filter(part=part)), _known(rule, part, seen), data)
            for data in [request.POST if wants_lines else None]
            for part in _parts(rule)
        ]
        tried: dict[str, Any] = {}
        if settings is not None and settings.is_valid():
            return self._store_settings(request, rule, settings)
        if wants_lines and all(
            [table.is_valid() for table in tables]
        ):  # every table, so that all errors show
            lines = [line for table in tables for line in table.lines]
            if "try" not in request.POST:
                save(request, rule, lines)
                return redirect("admin:integrations_syncrule_change", rule.pk)
            tried = _tried(rule, lines, request.POST.get("record", "").strip())
        return self.page(
            request,
            "admin/integrations/sync_rule.html",
            rule,
            title=f"{rule.label.capitalize()}: field mapping",
            rule=rule,
            connection=rule.connection,
            tenant=rule.connection.tenant,
            entity=declaration(rule),
            tables=tables,
            record=request.POST.get("record") or request.GET.get("record") or (seen[0][0] if seen else ""),
            record_ids=[external_id for external_id, _ in seen],
            settings=settings or SettingsForm(instance=rule),
            may_configure=self.may(request, Action.CONFIGURE, rule),
            may_run=self.may(request, Action.RUN, rule),
            tab="rules",
            **tried,
        )

    def _store_settings(self, request: HttpRequest, rule: SyncRule, form: SettingsForm) -> HttpResponse:
        diff = audit.diff_of(form)
        if diff:
            form.save()
            audit.record("sync_rule.changed", rule, diff=diff)
        messages.success(request, "Stored.")
        return redirect("admin:integrations_syncrule_change", rule.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("connection__tenant")


def _parts(rule: SyncRule) -> list[str]:
    children = declaration(rule).children
    return ["", children.name] if children else [""]


def _known(rule: SyncRule, part: str, seen: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """What may be named; nothing seen yet means that anything may."""
    return samples.remote_paths(rule, part, [payload for _, payload in seen]) if seen else []


def _tried(rule: SyncRule, lines: list[FieldMapping], external_id: str) -> dict[str, Any]:
    """What the lines make of one real record, for the page."""
    payload = samples.payload_of(rule, external_id)
    if payload is None:
        return {"problem": f"No {rule.label} “{external_id}” has been read yet. Choose one of the list."}
    try:
        found = samples.tried(rule, lines, payload)
    except MappingError as error:
        return {"problem": error.message}
    values = [(line, _shown(found.fields.get(line.field))) for line in lines if not line.part]
    children = [child.fields for child in found.children[:SHOWN_CHILDREN]]
    child_lines = [line for line in lines if line.part]
    return {
        "values": values,
        "child_rows": [[_shown(child.get(line.field)) for line in child_lines] for child in children],
        "child_lines": child_lines,
    }


def _shown(value: Any) -> Any:
    """Yes and no, as people say it; everything else as it is."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


@transaction.atomic
def save(request: HttpRequest, rule: SyncRule, lines: list[FieldMapping]) -> None:
    """Replace the mapping, and ask for a full sync, since what is here was read by the old one."""
    before, after = samples.in_words(rule.mappings.all()), samples.in_words(lines)
    if before == after:
        messages.info(request, "Nothing was changed.")
        return
    rule.mappings.all().delete()
    FieldMapping.objects.bulk_create(lines)
    rule.full_wanted = True
    if rule.synced_at is not None:
        rule.due_at = timezone.now()
    rule.save(update_fields=["full_wanted", "due_at"])
    changed = {
        name: [before.get(name), after.get(name)]
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }
    audit.record("mapping.changed", rule, diff=changed)
    soon = "starts within a minute" if rule.enabled and rule.synced_at else "comes with its next sync"
    messages.success(
        request,
        f"The mapping is stored. A full sync of {rule.label} {soon}, so that every record follows it.",
    )


def reset(request: HttpRequest, rule: SyncRule) -> HttpResponse:
    """Back to the connector's own lines."""
    save(request, rule, default_lines(rule))
    return redirect("admin:integrations_syncrule_change", rule.pk)
