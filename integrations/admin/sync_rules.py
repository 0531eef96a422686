"""One sync rule: its field mapping, tried on a real record before it is saved, and how it reads."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from integrations import mapping_versions, samples
from integrations.admin import mapping_pages
from integrations.admin.deliveries import dry_run_page
from integrations.admin.filters import OwnEntityFilter
from integrations.admin.mapping_forms import SettingsForm
from integrations.admin.mapping_pages import MappingPages
from integrations.describing import warnings
from integrations.mappings import declaration, default_lines, remote_fields
from integrations.models import FieldMapping, RemoteFields, SyncRule
from integrations.work import MISSING_SCOPE
from portal import audit
from portal.access import Action
from portal.look import badge
from portal.models import User
from portal.tenant_admin import TenantAdmin, object_view


@admin.register(SyncRule)
class SyncRuleAdmin(MappingPages, TenantAdmin):
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
        return capfirst(rule.label)

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

    row_posts = True

    def row_page(self, request: HttpRequest, rule: SyncRule) -> HttpResponse:
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
        if settings is not None and settings.is_valid():
            return self._store_settings(request, rule, settings)
        seen = samples.recent(rule)
        tables = mapping_pages.tables_of(rule, seen, request.POST if wants_lines else None)
        tried: dict[str, Any] = {}
        refused = False
        if wants_lines and "try" in request.POST:
            tried = mapping_pages.tried(rule, tables, request.POST.get("record", "").strip())
        elif wants_lines:
            if all([table.is_valid() for table in tables]):  # every table, so that all errors show
                save(request, rule, [line for table in tables for line in table.lines])
                return redirect("admin:integrations_syncrule_change", rule.pk)
            refused = True
        described = remote_fields(rule)
        return self.page(
            request,
            "admin/integrations/sync_rule.html",
            rule,
            title=f"{capfirst(rule.label)}: field mapping",
            rule=rule,
            connection=rule.connection,
            tenant=rule.connection.tenant,
            entity=declaration(rule),
            tables=tables,
            refused=refused,
            described=described,
            described_at=RemoteFields.objects.filter(rule=rule).values_list("read_at", flat=True).first(),
            settings_of=mapping_pages.settings_of(),
            warnings=warnings(rule, list(rule.mappings.all())),
            version=rule.mapping_versions.first(),
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


def person(request: HttpRequest) -> User | None:
    """Who asks, for the version's row."""
    return request.user if isinstance(request.user, User) else None


def save(request: HttpRequest, rule: SyncRule, lines: list[FieldMapping], **how: Any) -> None:
    """Replace the mapping and say what follows from it."""
    version = mapping_versions.store(rule, lines, actor=person(request), **how)
    if version is None:
        messages.info(request, "Nothing was changed.")
        return
    if rule.full_wanted:
        soon = "starts within a minute" if rule.enabled and rule.synced_at else "comes with its next sync"
        after = f"A full sync of {rule.label} {soon}, so that every record follows it."
    else:
        after = "What is read stays the same; what is sent follows it from the next change of a record."
    messages.success(request, f"The mapping is stored as version {version.number}. {after}")
    for words in warnings(rule, lines):
        messages.warning(request, words)


def reset(request: HttpRequest, rule: SyncRule) -> HttpResponse:
    """Back to the connector's own lines."""
    save(request, rule, default_lines(rule), note="the default mapping")
    return redirect("admin:integrations_syncrule_change", rule.pk)
