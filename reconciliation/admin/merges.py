"""Merges: their list, the page of each with its undo, and what is left to do at the source."""

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from portal.access import Action, access_of
from portal.look import badge
from portal.models import User
from portal.numbers import number
from portal.tenant_admin import ReadOnlyTenantAdmin, list_view, object_view
from reconciliation import merge_tasks
from reconciliation.admin import merge_shown, shown
from reconciliation.admin.merge_new import NewMergePages
from reconciliation.admin.review_form import query
from reconciliation.duplicates import Wanted
from reconciliation.merging import undo
from reconciliation.models import Merge

PER_PAGE = 50


@admin.register(Merge)
class MergeAdmin(NewMergePages, ReadOnlyTenantAdmin):
    """What was merged, by whom, when; and the way back."""

    menu_order = 138
    menu_group = "Duplicates"
    row_template = "admin/reconciliation/merge.html"
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

    def row_context(self, request: HttpRequest, row: Merge) -> dict[str, Any]:
        act = Merge.objects.select_related("tenant", "actor", "source", "undone_by").get(pk=row.pk)
        return {
            "title": f"Merge into {merge_shown.name(act, act.survivor_id)}",
            "may_resolve": self.may(request, Action.RESOLVE, act),
            "then": request.GET.get("then", ""),
            "narrowing": query(Wanted.of(request.GET).given),
            **merge_shown.page_of(act),
        }

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
