"""Pending review: the inbox of conflicts, the page on which one record's fields are settled, and bulk reviews."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.access import Action, access_of
from portal.models import User
from portal.tenant_admin import ReadOnlyTenantAdmin
from reconciliation import inbox
from reconciliation.admin import review_form, review_page, values
from reconciliation.admin.bulk import BulkPages
from reconciliation.admin.review_search import searched
from reconciliation.editing import BadValue, RecordMovedOn
from reconciliation.entities import ENTITIES
from reconciliation.inbox import Asked
from reconciliation.models import Conflict, Link, Source
from reconciliation.reviewing import ConflictMovedOn, Settled, settle

PER_PAGE = 50
COUNTED = 10_000


@admin.register(Conflict)
class ConflictAdmin(BulkPages, ReadOnlyTenantAdmin):
    """Its own list, one row per record, and its own page. It stands among the integrations, not in its app's menu."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    # --- the inbox ---------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = Asked.of(request.GET)
        rows = self.matching(request, asked, Action.VIEW)
        pages = Paginator(inbox.groups(rows), PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        return self.page(
            request,
            "admin/reconciliation/review_list.html",
            title="Pending review",
            asked=asked,
            narrowing=_narrowing(asked),
            filters=_filters(request, asked),
            counts=_counts(rows),
            groups=_groups(list(page), rows),
            pages=page,
            conflicts=inbox.count_fields(rows),
            may_resolve=self.may(request, Action.RESOLVE),
            several=len(access_of(request.user).tenant_ids()) > 1,
            now=timezone.now(),
        )

    def matching(self, request: HttpRequest, asked: Asked, action: Action) -> Any:
        """The pending conflicts that the list shows, where this person may do `action`."""
        access = access_of(request.user)
        rows = inbox.pending(access.tenant_ids(action), asked, timezone.now())
        return searched(self.admin_site, rows, asked.q, list(access.tenants(action))) if asked.q else rows

    # --- one record --------------------------------------------------------------------------------------------------

    row_posts = True

    def row_page(self, request: HttpRequest, found: Conflict) -> HttpResponse:
        conflict = Conflict.objects.select_related("link__source", "tenant", "actor").get(pk=found.pk)
        asked = Asked.of(request.GET)
        if request.method == "POST":
            return self._settle(request, conflict, asked)
        return self._show(request, conflict, asked)

    def _show(self, request: HttpRequest, conflict: Conflict, asked: Asked, **more: Any) -> HttpResponse:
        context = review_page.page_of(conflict)
        before, after = inbox.beside(self.matching(request, asked, Action.VIEW), _place(conflict, context))
        return self.page(
            request,
            "admin/reconciliation/review.html",
            conflict,
            title=str(context["record"] or f"{conflict.entity} {conflict.record_id}"),
            narrowing=_narrowing(asked),
            before=_address(before, asked),
            after=_address(after, asked),
            may_resolve=self.may(request, Action.RESOLVE, conflict),
            now=timezone.now(),
            **context,
            **more,
        )

    def _settle(self, request: HttpRequest, conflict: Conflict, asked: Asked) -> HttpResponse:
        if not self.may(request, Action.RESOLVE, conflict):
            raise PermissionDenied
        choices, problem = review_form.choices_of(request.POST)
        if not problem and not _all_of_one(conflict, [pk for choice in choices for pk in choice.seen]):
            raise Http404  # fields of another record, perhaps another merchant's
        if problem:
            return self._show(request, conflict, asked, problem=problem, typed=request.POST)
        try:
            settled = settle(
                choices,
                version=review_form.version_of(request.POST),
                actor=request.user if isinstance(request.user, User) else None,
                note=request.POST.get("note", "").strip(),
            )
        except BadValue as error:
            return self._show(request, conflict, asked, problem=str(error), typed=request.POST)
        except (ConflictMovedOn, RecordMovedOn) as error:
            conflict.refresh_from_db()
            looked_at = _time(request.POST.get("looked_at"))
            found = review_page.since(conflict, looked_at)
            return self._show(request, conflict, asked, moved_on=str(error), since=found)
        _say(request, settled)
        _, after = inbox.beside(self.matching(request, asked, Action.VIEW), conflict.pk)
        return redirect(_address(after, asked) or self._from_the_start(request, asked))

    def _from_the_start(self, request: HttpRequest, asked: Asked) -> str:
        """Those that were passed over, or the empty list."""
        first = inbox.groups(self.matching(request, asked, Action.VIEW)).values_list("first", flat=True)[:1]
        if not first:
            messages.info(request, "That was the last one that matches.")
        return f"{reverse('admin:reconciliation_conflict_changelist')}{_narrowing(asked)}"


def count_conflicts(request: HttpRequest) -> int:
    """For the menu: records of the person's tenants that wait, and no further than people read."""
    tenants = access_of(request.user).tenant_ids()
    return int(inbox.groups(inbox.pending(tenants, Asked(), timezone.now()))[:COUNTED].count())


def _all_of_one(conflict: Conflict, ids: list[int]) -> bool:
    """Whether these are fields of the record whose page it is: more than that nobody was asked about."""
    same = Conflict.objects.filter(entity=conflict.entity, record_id=conflict.record_id, pk__in=ids)
    return same.count() == len(set(ids))


def _say(request: HttpRequest, settled: Settled) -> None:
    names = ", ".join(values.label(conflict.field) for conflict in settled.conflicts)
    messages.success(request, f"Settled: {names}.")
    for words in settled.rules:
        messages.info(request, words)


def _place(conflict: Conflict, context: dict[str, Any]) -> int:
    """Where this record stands in the list: at its oldest waiting field."""
    return min([row.conflict.pk for row in context["rows"]], default=conflict.pk)


def _address(pk: int | None, asked: Asked) -> str:
    return f"{reverse('admin:reconciliation_conflict_change', args=[pk])}{_narrowing(asked)}" if pk else ""


def _narrowing(asked: Asked) -> str:
    return review_form.query(asked.given)


def _time(text: str | None) -> datetime:
    try:
        return parse_datetime(text or "") or timezone.now()
    except ValueError:
        return timezone.now()


def _counts(rows: Any) -> dict[str, list[tuple[str, str, int]]]:
    """(value, words, number) of the chips above the list."""
    found = inbox.counts(rows)
    return {
        "field": [(name, values.label(name), count) for name, count in found["field"]],
        "reason": [(name, inbox.Reason(name).label, count) for name, count in found["reason"]],
    }


def _filters(request: HttpRequest, asked: Asked) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """(name, label, choices, chosen) of each filter; one with a single choice is no filter."""
    tenants = access_of(request.user).tenants().order_by("name")
    sending = Exists(Link.objects.filter(source=OuterRef("pk")))
    systems = Source.objects.filter(sending, tenant__in=access_of(request.user).tenant_ids()).order_by(
        "system"
    )
    fields = sorted({name for entity in ENTITIES.values() for name in entity.fields})
    found = [
        ("tenant", "Tenant", [(str(tenant.pk), tenant.name) for tenant in tenants], asked.tenant),
        ("entity", "Record", [(name, found.label) for name, found in ENTITIES.items()], asked.entity),
        ("field", "Field", [(name, values.label(name)) for name in fields], asked.field),
        ("system", "System", list(dict(systems.values_list("system", "name")).items()), asked.system),
        ("reason", "Reason", list(inbox.Reason.choices), asked.reason),
        ("age", "Waiting", list(inbox.AGES.items()), asked.age),
    ]
    return [row for row in found if len(row[2]) > 1 or row[3]]


def _groups(found: list[dict[str, Any]], rows: Any) -> list[dict[str, Any]]:
    """The rows of one page: each record with what differs. Two queries and one per entity."""
    keys = {(row["entity"], row["record_id"]) for row in found}
    records = inbox.records_of(keys)
    ids_by_entity: dict[str, list[int]] = {}
    for entity, record_id in keys:
        ids_by_entity.setdefault(entity, []).append(record_id)
    waiting = inbox.narrowed_to(rows, ids_by_entity).select_related("link__source", "tenant").order_by("pk")
    by_record: dict[tuple[str, int], list[Conflict]] = {}
    for conflict in waiting:
        by_record.setdefault((conflict.entity, conflict.record_id), []).append(conflict)
    return [
        review_form.line(row, records.get(key), by_record[key])
        for row in found
        if (key := (row["entity"], row["record_id"])) in by_record
    ]
