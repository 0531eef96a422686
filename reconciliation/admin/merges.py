"""Merges: choosing, confirming, the list and the page of each with its undo, and what is left to do at the source."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.access import Action, access_of
from portal.look import badge
from portal.models import User
from portal.tenant_admin import ReadOnlyTenantAdmin, list_view, object_view
from reconciliation import merge_tasks
from reconciliation.admin import merge_page, merge_shown, shown
from reconciliation.admin.review_form import number, numbers, query
from reconciliation.duplicates import Wanted
from reconciliation.editing import RecordMovedOn
from reconciliation.entities import Entity
from reconciliation.merging import MOST, CannotMerge, merge, undo
from reconciliation.models import Merge

PER_PAGE = 50


@admin.register(Merge)
class MergeAdmin(ReadOnlyTenantAdmin):
    """What was merged, by whom, when; and the way back."""

    menu_order = 130
    actions = None
    list_display = ["survivor", "joined", "by", "when", "state"]
    list_filter = ["tenant", "entity"]
    list_select_related = ["tenant", "actor", "source"]
    ordering = ("-at", "-pk")
    empty_words = "Merges appear here once somebody joins two records."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("after")

    @admin.display(description="stays")
    def survivor(self, act: Merge) -> str:
        return merge_shown.name(act, act.survivor_id)

    @admin.display(description="joined into it")
    def joined(self, act: Merge) -> str:
        return " + ".join(merge_shown.name(act, pk) for pk in merge_shown.losers(act))

    @admin.display(description="by", ordering="actor")
    def by(self, act: Merge) -> str:
        return merge_shown.by(act)

    @admin.display(description="when", ordering="at")
    def when(self, act: Merge) -> str:
        return shown.moment(act.at, act.tenant.zone)

    @admin.display(description="state")
    def state(self, act: Merge) -> str:
        return badge("undone", "idle") if act.undone_at else badge("merged", "ok")

    # --- one merge ---------------------------------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.object_or_404(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        act = Merge.objects.select_related("tenant", "actor", "source", "undone_by").get(pk=found.pk)
        return self.page(
            request,
            "admin/reconciliation/merge.html",
            act,
            title=f"Merge into {merge_shown.name(act, act.survivor_id)}",
            may_resolve=self.may(request, Action.RESOLVE, act),
            then=request.GET.get("then", ""),
            narrowing=query(Wanted.of(request.GET).given),
            **merge_shown.page_of(act),
        )

    @object_view("undo/", action=Action.RESOLVE, methods=("POST",))
    def undo(self, request: HttpRequest, act: Merge) -> HttpResponse:
        done = undo(act, actor=request.user if isinstance(request.user, User) else None)
        if done.kept:
            messages.warning(
                request,
                f"Undone. {done.returned:,} came back; {len(done.kept)} changed since and stay as they are.",
            )
        else:
            messages.success(request, f"Undone. {done.returned:,} came back, everything is as it was.")
        return redirect("admin:reconciliation_merge_change", act.pk)

    # --- a new merge -------------------------------------------------------------------------------------------------

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
        plan: merge_page.Plan | None,
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

    def _answer(
        self, request: HttpRequest, entity: Entity, found: list[Any], plan: merge_page.Plan
    ) -> HttpResponse:
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

    def _merge(
        self, request: HttpRequest, entity: Entity, found: list[Any], plan: merge_page.Plan
    ) -> HttpResponse:
        try:
            act = merge(
                entity,
                plan.survivor,
                plan.losers,
                merge_page.values_of(entity, found, plan),
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

    # --- what is left to do at the source ----------------------------------------------------------------------------

    @list_view("there/")
    def there(self, request: HttpRequest) -> HttpResponse:
        """Losers that still stand at their source, whose API cannot merge them. POST marks one as done there."""
        access = access_of(request.user)
        if request.method == "POST":
            own = merge_tasks.waiting(access.tenant_ids(Action.RESOLVE))
            task = own.filter(pk=number(request.POST.get("task", "")))
            done = task.update(done_at=timezone.now(), done_by=request.user)
            if done:
                messages.success(request, "Noted as merged there.")
            else:
                messages.info(request, "That was done already, or is not yours to mark.")
            return redirect("admin:reconciliation_merge_there")
        pages = Paginator(merge_tasks.waiting(access.tenant_ids()), PER_PAGE)
        page = pages.get_page(request.GET.get("page"))
        return self.page(
            request,
            "admin/reconciliation/merge_there.html",
            title="To merge at the source",
            tasks=merge_tasks.told(list(page)),
            pages=page,
            may_resolve=self.may(request, Action.RESOLVE),
        )


def count_tasks(request: HttpRequest) -> int:
    """For the menu."""
    return int(merge_tasks.waiting(access_of(request.user).tenant_ids()).order_by()[:10_000].count())


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What was posted, to be sent once more with the confirmation."""
    again = ("survivor", "record", "candidate")
    return [
        (name, value)
        for name in request.POST
        if name in again or name.startswith(("pick-", "version-"))
        for value in request.POST.getlist(name)
    ]
