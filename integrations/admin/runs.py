"""Runs: their list, the page of one with its failures, and of all that were started together. All of it live."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst

from integrations import syncing
from integrations.admin import words
from integrations.admin.failures import ask_to_retry
from integrations.admin.filters import EntityFilter
from integrations.admin.home import in_flight
from integrations.admin.progress import open_and_theirs, overall, rate
from integrations.models import Run, RunFailure
from integrations.schedule import is_alive
from portal.access import Action
from portal.models import User
from portal.numbers import number, numbers
from portal.tenant_admin import ReadOnlyTenantAdmin, list_view, object_view

PATIENCE = 20
"""Seconds that a run may wait in the queue before the page asks whether any worker is there."""


@admin.register(Run)
class RunAdmin(ReadOnlyTenantAdmin):
    """Workers write runs; people watch them, cancel them and retry what failed."""

    row_template = "admin/integrations/run.html"
    tenant_path = "rule__connection__tenant"
    menu_order = 30
    list_display = [
        "name",
        "merchant",
        "state_badge",
        "read",
        "created",
        "updated",
        "failed",
        "started",
        "took",
    ]
    list_filter = ["state", EntityFilter, "trigger", "rule__connection__tenant"]
    list_select_related = ["rule__connection__tenant"]
    empty_words = "Runs appear here once something is synced."

    @admin.display(description="run", ordering="id")
    def name(self, run: Run) -> str:
        return f"{capfirst(run.rule.label)}{' (full)' if run.full else ''}"

    @admin.display(description="tenant", ordering="rule__connection__tenant__name")
    def merchant(self, run: Run) -> str:
        return run.rule.connection.tenant.name

    @admin.display(description="state", ordering="state")
    def state_badge(self, run: Run) -> str:
        return words.run_badge(run)

    @admin.display(description="started", ordering="started_at")
    def started(self, run: Run) -> str:
        return str(naturaltime(run.started_at)) if run.started_at else ""

    @admin.display(description="seconds")
    def took(self, run: Run) -> str:
        seconds = run.duration(timezone.now())
        return "" if seconds is None else f"{seconds:,.1f}"

    # --- one run -----------------------------------------------------------------------------------------------------

    def row_context(self, request: HttpRequest, row: Run) -> dict[str, Any]:
        run = self._one(row.pk)
        failures = run.failures.order_by("state", "-id")
        return {
            "title": f"{capfirst(run.rule.label)} of {run.rule.connection.tenant}",
            "failures": Paginator(failures, 50).get_page(request.GET.get("page")),
            "open_failures": run.failures.filter(state=RunFailure.State.OPEN).count(),
            **self._about(request, run),
        }

    @object_view("live/", methods=("GET",))
    def live(self, request: HttpRequest, run: Run) -> HttpResponse:
        """The part of the page that moves."""
        run = self._one(run.pk)
        reply = render(request, "admin/integrations/run_live.html", self._about(request, run))
        return _until_done(reply, not run.is_open)

    @object_view("cancel/", action=Action.RUN, methods=("POST",))
    def cancel(self, request: HttpRequest, run: Run) -> HttpResponse:
        if run.is_open:
            syncing.ask_to_cancel(run, user=_person(request))
            messages.success(request, "It stops after the page it is reading. What was read so far is kept.")
        else:
            messages.info(request, "It was over already.")
        return redirect("admin:integrations_run_change", run.pk)

    @object_view("retry/", action=Action.RUN, methods=("POST",))
    def retry(self, request: HttpRequest, run: Run) -> HttpResponse:
        """`retry` is the id of one failure, “selected” (with `failure` for each) or “all” of this run."""
        wanted = request.POST.get("retry", "")
        failures = RunFailure.objects.filter(run=run)
        if wanted == "selected":
            failures = failures.filter(pk__in=numbers(request.POST.getlist("failure")))
        elif wanted != "all":
            failures = failures.filter(pk=number(wanted))
        return ask_to_retry(request, failures, back=request.path.removesuffix("retry/") + "change/")

    @staticmethod
    def _one(run_id: int) -> Run:
        return Run.objects.select_related("rule__connection__tenant", "started_by").get(pk=run_id)

    def _about(self, request: HttpRequest, run: Run) -> dict[str, Any]:
        now = timezone.now()
        return {
            "run": run,
            "connection": run.rule.connection,
            "tenant": run.rule.connection.tenant,
            "duration": run.duration(now),
            "rate": rate(run, now),
            "no_worker": _no_worker([run]),
            "may_run": self.may(request, Action.RUN, run),
            "tab": "runs",
        }

    # --- all that were started together ------------------------------------------------------------------------------

    @list_view("batch/", methods=("GET",))
    def batch(self, request: HttpRequest) -> HttpResponse:
        """`?batch=…`: the runs of one “sync now”."""
        context = self._batch(request)
        if not context["runs"]:
            raise Http404("There is no such batch.")
        first = context["runs"][0]
        return self.page(
            request,
            "admin/integrations/batch.html",
            title=f"Sync of {first.rule.connection.tenant}",
            connection=first.rule.connection,
            tenant=first.rule.connection.tenant,
            may_run=self.may(request, Action.RUN, first),
            tab="runs",
            **context,
        )

    @list_view("batch/live/", methods=("GET",))
    def batch_live(self, request: HttpRequest) -> HttpResponse:
        """The part that moves; of `?connection=…`, what is open there as one bar, for the tenant's page."""
        connection = number(request.GET.get("connection", ""))
        if connection:
            runs = open_and_theirs(self.get_queryset(request).filter(rule__connection=connection))
            return _moving(request, "batch_bar", {"overall": overall(runs.select_related("rule"))})
        return _moving(request, "batch_live", self._batch(request))

    @list_view("batch/cancel/", action=Action.RUN, methods=("POST",))
    def batch_cancel(self, request: HttpRequest) -> HttpResponse:
        """Cancel every open run of a batch."""
        runs = self.where_may(request, self._batch_runs(request), Action.RUN)
        for run in runs.filter(state__in=Run.OPEN):
            syncing.ask_to_cancel(run, user=_person(request))
        messages.success(request, "They stop after the pages they are reading. What was read so far is kept.")
        return redirect(f"{request.path.removesuffix('cancel/')}?{request.GET.urlencode()}")

    @list_view("now/", methods=("GET",))
    def now(self, request: HttpRequest) -> HttpResponse:
        """What is in flight, for the home page."""
        return render(request, "admin/integrations/panels/in_flight_live.html", in_flight(request))

    def _batch(self, request: HttpRequest) -> dict[str, Any]:
        runs = list(self._batch_runs(request))
        return {
            "runs": runs,
            "overall": overall(runs),
            "batch": request.GET.get("batch", ""),
            "no_worker": _no_worker(runs),
        }

    def _batch_runs(self, request: HttpRequest) -> QuerySet[Run]:
        """The runs of `?batch=…`, as far as this person may see them."""
        try:
            batch = UUID(request.GET.get("batch", ""))
        except ValueError:
            raise Http404("There is no such batch.") from None
        rows = self.get_queryset(request).filter(batch=batch)
        return rows.select_related("rule__connection__tenant").order_by("rule__position", "pk")


def _moving(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    reply = render(request, f"admin/integrations/{name}.html", context)
    return _until_done(reply, context["overall"].is_done)


def _until_done(reply: HttpResponse, done: bool) -> HttpResponse:
    """Tell the page's script when it need not ask again."""
    if done:
        reply["X-Refresh"] = "done"
    return reply


def _no_worker(runs: list[Run]) -> bool:
    """Whether runs wait in vain: queued for a while, nothing at work, and no sign of the worker cluster."""
    now = timezone.now()
    waiting = [run for run in runs if run.state == Run.State.QUEUED]
    if not waiting or any(run.state == Run.State.RUNNING for run in runs):
        return False
    return (now - waiting[0].created_at).total_seconds() > PATIENCE and not is_alive(now)


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
