"""Dedupe: groups of records that may be one, each opened side by side, merged or said to be different."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.access import Action, access_of
from portal.models import Tenant, User
from portal.numbers import number, numbers
from portal.tenant_admin import ReadOnlyTenantAdmin, list_view, object_view
from reconciliation import duplicates
from reconciliation.admin import dedupe_shown, merge_page
from reconciliation.admin.full_passes import PassPages
from reconciliation.admin.records import RecordAdmin
from reconciliation.admin.review_form import query
from reconciliation.duplicates import Group, Wanted
from reconciliation.entities import ENTITIES
from reconciliation.matching import refusals
from reconciliation.merging import MOST, CannotMerge
from reconciliation.models import MatchCandidate

PER_PAGE = 25
COUNTED = 10_000
LIST = "admin:reconciliation_matchcandidate_changelist"


@admin.register(MatchCandidate)
class MatchCandidateAdmin(PassPages, ReadOnlyTenantAdmin):
    """Its own list, one row per group, and its own page. It stands among the integrations."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted = Wanted.of(request.GET)
        found = self.matching(request, wanted)
        pages = Paginator(found, PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        return self.page(
            request,
            "admin/reconciliation/dedupe_list.html",
            title="Dedupe",
            asked=wanted,
            narrowing=query(wanted.given),
            filters=dedupe_shown.filters(request, wanted),
            groups=dedupe_shown.lines(list(page)),
            pages=page,
            most=duplicates.MOST if duplicates.is_capped(access_of(request.user).tenant_ids()) else 0,
            several=len(access_of(request.user).tenant_ids()) > 1,
            may_resolve=self.may(request, Action.RESOLVE),
            **self.comparing(request, wanted.tenant),
        )

    def matching(self, request: HttpRequest, wanted: Wanted) -> list[Group]:
        """The groups that the list shows to this person."""
        access = access_of(request.user)
        found = duplicates.groups(access.tenant_ids(), wanted)
        if not wanted.q:
            return found
        hits = self._searched(found, wanted.q, list(access.tenants()))
        return [group for group in found if any((group.entity, pk) in hits for pk in group.members)]

    def _searched(self, found: list[Group], text: str, tenants: list[Tenant]) -> set[tuple[str, int]]:
        hits: set[tuple[str, int]] = set()
        for name in {group.entity for group in found}:
            pages = self.admin_site._registry.get(ENTITIES[name].model)
            if isinstance(pages, RecordAdmin):
                members = [pk for group in found if group.entity == name for pk in group.members]
                rows = pages.search(ENTITIES[name].objects.filter(pk__in=members), text, tenants)
                hits |= {(name, pk) for pk in rows.values_list("pk", flat=True)}
        return hits

    def row_page(self, request: HttpRequest, candidate: MatchCandidate) -> HttpResponse:
        """The group of this pair, side by side. Its form goes to the merge's own page."""
        wanted = Wanted.of(request.GET)
        found = self.matching(request, wanted)
        group = duplicates.group_of(candidate, found)
        place = group.place if group else (-candidate.score, candidate.pk)
        before, after = _beside(found, place)
        context: dict[str, Any] = {
            "narrowing": query(wanted.given),
            "before": _address(before, wanted),
            "after": _address(after, wanted),
            "position": sum(other.place < place for other in found) + 1,
            "of": len(found),
            "may_resolve": self.may(request, Action.RESOLVE, candidate),
            "candidate": candidate,
        }
        entity = ENTITIES[candidate.entity]
        members = list(group.members) if group else []
        try:
            records = merge_page.records(entity, members[:MOST])
        except CannotMerge:
            return self.page(
                request, "admin/reconciliation/dedupe_gone.html", candidate, title="Decided", **context
            )
        return self.page(
            request,
            "admin/reconciliation/merge_choose.html",
            candidate,
            title=f"{records[0]}: {len(members)} {entity.plural} that may be one",
            pairs=dedupe_shown.pairs(group, {record.pk: str(record) for record in records}) if group else [],
            more=len(members) - len(records),
            action=f"{reverse('admin:reconciliation_merge_new')}{query({'entity': entity.name, **wanted.given})}",
            members=members,
            **context,
            **merge_page.page_of(entity, records),
        )

    @object_view("refuse/", action=Action.RESOLVE, methods=("POST",))
    def refuse(self, request: HttpRequest, candidate: MatchCandidate) -> HttpResponse:
        """“Not a duplicate”: the given records (a pair or the whole group) are different ones, for good."""
        wanted = Wanted.of(request.GET)
        ids = set(numbers(request.POST.getlist("record")))
        group = duplicates.group_of(candidate)
        if group is None or len(ids) < 2 or not ids <= set(group.members):
            messages.warning(request, "This was decided meanwhile. Nothing was written.")
            return redirect(f"{reverse(LIST)}{query(wanted.given)}")
        tenant = Tenant.objects.get(pk=candidate.tenant_id)
        actor = request.user if isinstance(request.user, User) else None
        refusals.refuse(tenant, ids, actor=actor, note=request.POST.get("note", "").strip()[:500])
        close(candidate.entity, ids)
        messages.success(request, f"Remembered: these {len(ids)} are different.")
        return redirect(self._next(request, group, wanted))

    def _next(self, request: HttpRequest, group: Group, wanted: Wanted) -> str:
        """What is left of the group, else the one after it, else the list."""
        found = self.matching(request, wanted)
        left = next((other for other in found if set(other.members) & set(group.members)), None)
        _, after = _beside(found, group.place)
        return _address(left or after, wanted) or f"{reverse(LIST)}{query(wanted.given)}"

    @list_view("next/", methods=("GET",))
    def next(self, request: HttpRequest) -> HttpResponse:
        """The first group after the pair that the address names."""
        wanted = Wanted.of(request.GET)
        found = self.matching(request, wanted)
        seen = self.get_queryset(request).filter(pk=number(request.GET.get("than", ""))).first()
        after = _beside(found, (-seen.score, seen.pk))[1] if seen else next(iter(found), None)
        return redirect(_address(after, wanted) or f"{reverse(LIST)}{query(wanted.given)}")


def close(entity: str, ids: set[int]) -> None:
    """Open pairs among these, by whatever older ids they were found under, are refused ones."""
    rows = MatchCandidate.objects.filter(entity=entity, state=MatchCandidate.State.OPEN)
    became = {pk: pk for pk in ids}
    merged = ENTITIES[entity].objects.filter(merged_into__in=ids).values_list("pk", "merged_into_id")
    became.update(dict(merged))
    for pair in rows.filter(left_id__in=became, right_id__in=became):
        if became[pair.left_id] != became[pair.right_id]:
            MatchCandidate.objects.filter(pk=pair.pk).update(state=MatchCandidate.State.REFUSED)


def count_candidates(request: HttpRequest) -> int:
    """For the menu: open pairs of the person's tenants, and no further than people read."""
    return int(duplicates.waiting(access_of(request.user).tenant_ids()).order_by()[:COUNTED].count())


def _beside(found: list[Group], place: tuple[float, int]) -> tuple[Group | None, Group | None]:
    before = [group for group in found if group.place < place]
    after = next((group for group in found if group.place > place), None)
    return (before[-1] if before else None), after


def _address(group: Group | None, wanted: Wanted) -> str:
    if group is None:
        return ""
    return (
        f"{reverse('admin:reconciliation_matchcandidate_change', args=[group.lead.pk])}{query(wanted.given)}"
    )
