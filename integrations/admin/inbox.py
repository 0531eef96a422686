"""What waits for a person to settle, to be read: conflicts and match candidates. Settling has its own pages later."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from portal.access import access_of
from portal.tenant_admin import ReadOnlyTenantAdmin
from reconciliation.models import Conflict, MatchCandidate

COUNTED = 10_000


def unless_shown(model: type[Model]) -> Callable[[type[Any]], type[Any]]:
    """Register a plain list, unless the floor below has a page of its own for this model."""

    def register(found: type[Any]) -> type[Any]:
        if not admin.site.is_registered(model):
            admin.site.register(model, found)
        return found

    return register


class Inbox(ReadOnlyTenantAdmin):
    """A plain list that says what it shows. It stands among the integrations, not in its own app's menu."""

    change_list_template = "admin/integrations/inbox.html"
    list_filter = ["entity", "tenant"]
    list_select_related = ["tenant"]
    title = says = ""
    waiting: dict[str, Any] = {}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(**self.waiting)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(
            request, {"title": self.title, "says": self.says, **(extra_context or {})}
        )


@unless_shown(Conflict)
class ConflictAdmin(Inbox):
    """Fields that the portal and a source changed differently since they last agreed."""

    title = "Pending review"
    says = (
        "Each line is a field that was changed here and at its source, differently, since both last agreed. "
        "Until a person decides, the portal keeps its own value. Deciding on this page comes next; until then a "
        "sync rule's conflict policy can decide by itself."
    )
    waiting = {"state": Conflict.State.PENDING}
    fields = ["tenant", "entity", "record_id", "field", "base", "portal_value", "remote_value", "created_at"]
    list_display = ["record", "tenant", "field", "portal_value", "remote_value", "created_at"]
    empty_words = "Fields that were changed on both sides wait here for a person."

    @admin.display(description="record", ordering="record_id")
    def record(self, conflict: Conflict) -> str:
        return f"{conflict.entity.replace('_', ' ')} {conflict.record_id}".capitalize()


@unless_shown(MatchCandidate)
class MatchCandidateAdmin(Inbox):
    """Pairs of records that may be one."""

    title = "Dedupe"
    says = (
        "Each line is a pair of records that may be the same, with a score from 0 to 1 and the reasons. "
        "Merging them, or saying that they are two, comes next; until then nothing is merged."
    )
    waiting = {"state": MatchCandidate.State.OPEN}
    fields = ["tenant", "entity", "left_id", "right_id", "score", "reasons", "created_at"]
    list_display = ["pair", "tenant", "score", "why"]
    ordering = ["-score"]
    empty_words = "Pairs of customers that may be the same wait here for a person."

    @admin.display(description="pair")
    def pair(self, candidate: MatchCandidate) -> str:
        return f"{candidate.entity.capitalize()} {candidate.left_id} and {candidate.right_id}"

    @admin.display(description="reasons")
    def why(self, candidate: MatchCandidate) -> str:
        reasons = candidate.reasons
        return ", ".join(map(str, reasons)) if isinstance(reasons, list) else str(reasons)


def count_conflicts(request: HttpRequest) -> int:
    """For the menu of integrations."""
    return _count(request, Conflict.objects.filter(state=Conflict.State.PENDING))


def count_candidates(request: HttpRequest) -> int:
    return _count(request, MatchCandidate.objects.filter(state=MatchCandidate.State.OPEN))


def _count(request: HttpRequest, rows: QuerySet[Any]) -> int:
    """Of the person's tenants, and no further than people read."""
    return access_of(request.user).scope(rows, "tenant").order_by()[:COUNTED].count()
