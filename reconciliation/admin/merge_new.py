"""A new merge by hand: records side by side, what was chosen confirmed with exact counts, then done at once.

The route: GET shows -> POST `step=confirm` counts -> POST `step=merge` merges, if neither the records nor the counts
have moved meanwhile; `step=back` returns with everything as it was marked.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.access import Action, access_of
from portal.models import User
from portal.numbers import numbers
from portal.own_pages import OwnPages, list_view
from reconciliation.admin import merge_page
from reconciliation.admin.review_form import query
from reconciliation.duplicates import Wanted
from reconciliation.editing import RecordMovedOn
from reconciliation.entities import Entity
from reconciliation.merging import MOST, CannotMerge, merge
from reconciliation.proposing import Plan, values_of


class NewMergePages(OwnPages):
    """Mixed into the admin of merges."""

    @list_view("new/", action=Action.RESOLVE)
    def new(self, request: HttpRequest) -> HttpResponse:
        """GET: the records of the address side by side. POST: what was chosen, to be confirmed, then done."""
        entity = merge_page.entity_or_none(request.GET.get("entity", "customer"))
        if entity is None:
            raise Http404
        given = request.POST if request.method == "POST" else request.GET
        ids = numbers(given.getlist("record"))
        try:
            found = merge_page.records(entity, self._own(request, entity, ids))
        except CannotMerge as error:
            messages.error(request, str(error))
            return redirect("admin:reconciliation_matchcandidate_changelist")
        if request.method != "POST":
            return self._choose(request, entity, found, None)
        try:
            return self._answer(request, entity, found, merge_page.plan_of(entity, request.POST, ids))
        except CannotMerge as error:
            return self._choose(request, entity, found, None, moved_on=str(error))

    def _own(self, request: HttpRequest, entity: Entity, ids: list[int]) -> list[int]:
        """Another tenant's record must not differ from one that does not exist."""
        rows = access_of(request.user).scope(
            entity.objects.filter(pk__in=ids[: MOST + 1]), "tenant", Action.RESOLVE
        )
        own = set(rows.values_list("pk", flat=True))
        return [pk for pk in ids if pk in own]

    def _choose(
        self,
        request: HttpRequest,
        entity: Entity,
        found: list[Any],
        plan: Plan | None,
        **more: Any,
    ) -> HttpResponse:
        return self.page(
            request,
            "admin/reconciliation/merge_choose.html",
            title=f"Merge {len(found)} {entity.plural}",
            action=request.get_full_path(),
            may_resolve=True,
            candidate=None,
            members=[record.pk for record in found],
            **merge_page.page_of(entity, found, plan),
            **more,
        )

    def _answer(self, request: HttpRequest, entity: Entity, found: list[Any], plan: Plan) -> HttpResponse:
        step = request.POST.get("step", "")
        if step == "back":
            return self._choose(request, entity, found, plan)
        ready = merge_page.confirmation(entity, found, plan)
        moved_on = [record for record in found if plan.versions.get(record.pk) != record.version]
        if moved_on:
            words = (
                f"{moved_on[0]} was changed while you looked at it. Nothing was written: look at it again."
            )
            return self._choose(request, entity, found, plan, moved_on=words)
        if step != "merge":
            return self._confirm(request, ready)
        if request.POST.get("counted") != ready["counted"]:
            words = "What moves has changed while you looked at it. Nothing was written: these are the numbers now."
            return self._confirm(request, ready, moved_on=words)
        return self._merge(request, entity, found, plan)

    def _confirm(self, request: HttpRequest, ready: dict[str, Any], **more: Any) -> HttpResponse:
        return self.page(
            request,
            "admin/reconciliation/merge_confirm.html",
            title=f"Merge into {ready['survivor']}?",
            action=request.get_full_path(),
            posted=_kept(request),
            **ready,
            **more,
        )

    def _merge(self, request: HttpRequest, entity: Entity, found: list[Any], plan: Plan) -> HttpResponse:
        try:
            act = merge(
                entity,
                plan.survivor,
                plan.losers,
                values_of(entity, found, plan),
                actor=request.user if isinstance(request.user, User) else None,
                note=request.POST.get("note", "").strip(),
                versions=plan.versions,
            )
        except RecordMovedOn as error:
            fresh = merge_page.records(entity, [record.pk for record in found])
            return self._choose(request, entity, fresh, plan, moved_on=str(error))
        messages.success(
            request, f"Merged: {act.moves.count():,} rows moved. It can be undone at any later time."
        )
        address = reverse("admin:reconciliation_merge_change", args=[act.pk])
        then = request.POST.get("candidate", "")
        given = Wanted.of(request.GET).given | ({"then": then} if then.isdecimal() else {})
        return redirect(f"{address}{query(given)}")


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What was posted, to be sent once more with the confirmation."""
    again = ("survivor", "record", "candidate")
    return [
        (name, value)
        for name in request.POST
        if name in again or name.startswith(("pick-", "version-"))
        for value in request.POST.getlist(name)
    ]
