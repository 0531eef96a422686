"""Every add, change and delete of an admin page leaves an entry in the audit trail instead of Django's own log."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse

from portal import audit
from portal.access import Action, access_of
from portal.own_pages import OwnPages


class Audited(OwnPages):
    """Mixed into `TenantAdmin`."""

    @property
    def audit_name(self) -> str:
        """The first half of this model's actions in the audit trail: "sync_rule" of "sync_rule.changed"."""
        return str(self.opts.verbose_name).lower().replace(" ", "_")

    def construct_change_message(  # type: ignore[override]  # ours goes to log_addition and log_change
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> dict[str, Any]:
        """The diff of a saved form and its inlines."""
        diff = audit.diff_of(form)
        for formset in formsets or ():
            for row in formset.new_objects:
                diff[f"{row._meta.verbose_name} {row}"] = [None, "added"]
            for row, names in formset.changed_objects:
                diff[f"{row._meta.verbose_name} {row}"] = [None, "changed " + ", ".join(names)]
            for row in formset.deleted_objects:
                diff[f"{row._meta.verbose_name} {row}"] = [str(row), None]
        return diff

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        audit.record(f"{self.audit_name}.added", obj, diff=_as_diff(message))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        diff = _as_diff(message)
        if diff:
            audit.record(f"{self.audit_name}.changed", obj, diff=diff)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        for obj in queryset:
            audit.record(f"{self.audit_name}.deleted", obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was done to this row, from the audit trail."""
        obj = self.object_or_404(request, object_id)
        entries = access_of(request.user).trail(audit.history_of(obj), Action.VIEW)[:200]
        return self.page(
            request,
            "admin/object_history.html",
            obj,
            title=f"History of {obj}",
            entries=entries,
            **(extra_context or {}),
        )


def _as_diff(message: Any) -> dict[str, Any]:
    return message if isinstance(message, dict) else {}
