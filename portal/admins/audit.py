"""The audit trail, as people read it."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal import audit
from portal.access import Action, access_of
from portal.models import AuditEntry
from portal.tenant_admin import ReadOnlyTenantAdmin


class ActionFilter(admin.SimpleListFilter):
    """By what was done, in the words of the trail."""

    title = "what was done"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        latest = model_admin.get_queryset(request).values("pk")[:2000]  # the whole trail would be a scan
        seen = AuditEntry.objects.filter(pk__in=latest).order_by().values_list("action", flat=True).distinct()
        return [(name, audit.action_words(name)) for name in sorted(seen)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyTenantAdmin):
    """Append-only: nobody adds, changes or removes an entry here."""

    view_action = Action.AUDIT
    list_display = ["at", "who", "what", "tenant", "changed_fields"]
    list_display_links = ["at"]
    list_filter = ["tenant", ActionFilter, "at"]
    list_select_related = ["tenant"]
    search_fields = ["actor_label", "target_label", "note", "=target_id", "action"]
    search_help_text = "A person, a record's name or id, or an action"
    date_hierarchy = None
    actions = None
    readonly_fields = ["at", "who", "what", "tenant", "target", "changes", "note", "address", "request"]
    fields = tuple(readonly_fields)
    change_form_template = "admin/portal/auditentry/change_form.html"

    def scoped(self, request: HttpRequest, rows: QuerySet[Any], action: Action) -> QuerySet[Any]:
        return access_of(request.user).trail(rows, action)

    def may(self, request: HttpRequest, action: Action | None, obj: Model | None = None) -> bool:
        """A row was found through `scoped`, which knows of entries without tenant: the action is left to ask."""
        return super().may(request, action)

    @admin.display(description="who", ordering="actor_label")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_label

    @admin.display(description="from")
    def address(self, entry: AuditEntry) -> str:
        return entry.ip or "—"

    @admin.display(description="request, as the log names it")
    def request(self, entry: AuditEntry) -> str:
        return entry.request_id or "—"

    @admin.display(description="what")
    def what(self, entry: AuditEntry) -> str:
        return audit.phrase(entry)

    @admin.display(description="on")
    def target(self, entry: AuditEntry) -> str:
        return target_link(self.admin_site, entry)

    @admin.display(description="changed")
    def changed_fields(self, entry: AuditEntry) -> str:
        return ", ".join(_words(name) for name in entry.diff) or "—"

    @admin.display(description="changes")
    def changes(self, entry: AuditEntry) -> str:
        return diff_html(entry.diff)


def target_link(site: admin.AdminSite, entry: AuditEntry) -> str:
    """The record an entry is about, as a link where the admin has a page for it."""
    label = entry.target_label or "—"
    address = target_url(site, entry)
    return format_html('<a href="{}">{}</a>', address, label) if address else label


def target_url(site: admin.AdminSite, entry: AuditEntry) -> str:
    """The address of the page of the record an entry is about, or ""."""
    if not entry.target_type or not entry.target_id or entry.action.endswith(".deleted"):
        return ""
    try:
        return reverse(f"{site.name}:{entry.target_type.replace('.', '_')}_change", args=[entry.target_id])
    except NoReverseMatch:
        return ""


def diff_html(diff: dict[str, Any]) -> SafeString:
    """A diff as a list: field, old value struck through, new value."""
    return (
        format_html(
            '<ul class="diff">{}</ul>',
            format_html_join(
                "",
                "<li><span>{}</span> {}</li>",
                ((_words(name), _pair(pair)) for name, pair in diff.items()),
            ),
        )
        if diff
        else SafeString("—")
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _pair(pair: Any) -> SafeString:
    if not isinstance(pair, list) or len(pair) != 2:
        return format_html("<em>{}</em>", pair)
    old, new = ("empty" if value in (None, "") else value for value in pair)
    return format_html("<del>{}</del> → <ins>{}</ins>", old, new)
