"""Bulk reviews: settling a selection, or all that match, and watching it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.access import Action, access_of
from portal.models import User
from portal.numbers import number, numbers
from portal.own_pages import OwnPages, list_view
from reconciliation import bulk_review, inbox
from reconciliation.admin import review_form
from reconciliation.inbox import Asked
from reconciliation.models import BulkReview
from reconciliation.reviewing import Outcome

PATIENCE = 20
"""Seconds in the queue after which the page asks whether any worker is there."""
_WAYS = {"approve": Outcome.REMOTE, "reject": Outcome.PORTAL}


class BulkPages(OwnPages):
    """Mixed into the admin of conflicts."""

    def matching(self, request: HttpRequest, asked: Asked, action: Action) -> Any:
        raise NotImplementedError

    @list_view("bulk/", action=Action.RESOLVE)
    def bulk(self, request: HttpRequest) -> HttpResponse:
        """POST starts one; GET shows the person's own."""
        if request.method == "POST":
            return self._start(request)
        return self.page(
            request, "admin/reconciliation/review_bulk.html", title="Settling many", **_about(request)
        )

    @list_view("bulk/live/", action=Action.RESOLVE, methods=("GET",))
    def bulk_live(self, request: HttpRequest) -> HttpResponse:
        """The part of the page that moves."""
        context = _about(request)
        reply = render(request, "admin/reconciliation/review_bulk_live.html", context)
        if not context["bulk"].is_open:
            reply["X-Refresh"] = "done"
        return reply

    @list_view("bulk/cancel/", action=Action.RESOLVE, methods=("POST",))
    def bulk_cancel(self, request: HttpRequest) -> HttpResponse:
        found = _own(request)
        bulk_review.cancel(found)
        messages.success(request, "Stopped. What was settled stays settled, the rest waits as before.")
        return redirect(_page(found))

    def _start(self, request: HttpRequest) -> HttpResponse:
        asked = Asked.of(request.GET)
        back = f"{reverse('admin:reconciliation_conflict_changelist')}{review_form.query(asked.given)}"
        outcome = _WAYS.get(request.POST.get("bulk", ""))
        rows = self.matching(request, asked, Action.RESOLVE)
        if request.POST.get("scope") != "all":
            rows = _selected(rows, request.POST.getlist("row"))
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[: bulk_review.MOST])
        if outcome is None or not ids or not isinstance(request.user, User):
            messages.error(request, "Nothing was chosen. Mark the records first, or choose all that match.")
            return redirect(back)
        found = bulk_review.start(
            ids,
            outcome,
            actor=request.user,
            looked_at=_time(request.POST.get("looked_at")),
            note=request.POST.get("note", "").strip(),
            words=asked.words(),
        )
        if found.is_open:
            return redirect(_page(found))
        messages.success(request, outcome_words(found))
        return redirect(back)


def outcome_words(bulk: BulkReview) -> str:
    """What a bulk review did, in a sentence."""
    settled = f"{bulk.settled:,} field{'' if bulk.settled == 1 else 's'} settled."
    if not bulk.skipped:
        return settled
    left = "it is" if bulk.skipped == 1 else "they are"
    return f"{settled} {bulk.skipped:,} left as {left}: changed meanwhile, or two systems differ."


def _selected(rows: Any, chosen: list[str]) -> Any:
    """The fields of the records whose row was marked; a row goes by its oldest conflict."""
    firsts = numbers(chosen)[:1000]
    found: dict[str, list[int]] = {}
    for entity, record_id in rows.filter(pk__in=firsts).values_list("entity", "record_id"):
        found.setdefault(entity, []).append(record_id)
    return inbox.narrowed_to(rows, found)


def _own(request: HttpRequest) -> BulkReview:
    """The bulk review that the address names, if this person asked for it."""
    found = BulkReview.objects.filter(pk=number(request.GET.get("id", ""))).first()
    if found is None or (found.actor_id != request.user.pk and not access_of(request.user).is_platform_admin):
        raise Http404
    return found


def _about(request: HttpRequest) -> dict[str, Any]:
    bulk = _own(request)
    waited = (timezone.now() - bulk.created_at).total_seconds()
    return {
        "bulk": bulk,
        "says": outcome_words(bulk),
        "approve": bulk.outcome == Outcome.REMOTE,
        "no_worker": bulk.state == BulkReview.State.QUEUED and waited > PATIENCE,
    }


def _page(bulk: BulkReview) -> str:
    return f"{reverse('admin:reconciliation_conflict_bulk')}?id={bulk.pk}"


def _time(text: str | None) -> Any:
    try:
        return parse_datetime(text or "") or timezone.now()
    except ValueError:
        return timezone.now()
