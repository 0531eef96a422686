"""The export page: a form that streams small files and has workers write large ones, and one's own files.

A file is its person's alone: to everybody else its pages do not exist. Platform admins, who look after the disk and
the workers, may open the stock page of its row and see how it fares; not what is in it.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from portal import audit
from portal.access import Action, access_of
from portal.models import Tenant, User
from portal.numbers import number
from portal.tenant_admin import ReadOnlyTenantAdmin, list_view
from reconciliation.admin.export_form import ExportForm, label
from reconciliation.exports import FORMATS, Export, Narrowing, files
from reconciliation.models import ExportFile

PATIENCE = 20
"""Seconds in the queue after which the page asks whether any worker is there."""
MOST_OPEN = 5
"""Files that one person may have written at a time."""
PAGE = "admin:reconciliation_exportfile_mine"

audit.register_action("export.downloaded", "downloaded {note}")
audit.register_action("export.removed", "removed {note}")


@admin.register(ExportFile)
class ExportFileAdmin(ReadOnlyTenantAdmin):
    """In the menu of those who may export. The stock page of a row is for platform admins."""

    view_action = Action.PLATFORM
    menu_order = 900
    menu_group = "Lists and files"
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Action.EXPORT)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """What the menu asks."""
        return {"view": self.may(request, Action.EXPORT)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Nobody lists everybody's files."""
        if not self.may(request, Action.EXPORT):
            raise PermissionDenied
        return redirect(PAGE)

    @list_view("mine/", action=Action.EXPORT, confirm=True)
    def mine(self, request: HttpRequest) -> HttpResponseBase:
        """GET: the form and one's own files. POST: the file itself, or its progress if it is large."""
        if request.method == "POST":
            form = ExportForm(request, request.POST)
            if form.is_valid():
                return _answer(request, form)
        else:
            form = ExportForm(request, initial=_asked(request))
        return self.page(
            request,
            "admin/reconciliation/export.html",
            title="Export",
            form=form,
            files=[_told(found) for found in _own(request)[:50]],
            at_once=files.AT_ONCE,
        )

    @list_view("file/", action=Action.EXPORT, methods=("GET",))
    def file(self, request: HttpRequest) -> HttpResponse:
        context = _about(request)
        return self.page(request, "admin/reconciliation/export_file.html", title=context["label"], **context)

    @list_view("file/live/", action=Action.EXPORT, methods=("GET",))
    def file_live(self, request: HttpRequest) -> HttpResponse:
        """The part of the page that moves."""
        context = _about(request)
        reply = render(request, "admin/reconciliation/export_file_live.html", context)
        if not context["file"].is_open:
            reply["X-Refresh"] = "done"
        return reply

    @list_view("file/download/", action=Action.EXPORT, methods=("GET",), confirm=True)
    def file_download(self, request: HttpRequest) -> HttpResponseBase:
        found = _one(request)
        if found.state != ExportFile.State.DONE or found.expires_at < timezone.now():
            raise Http404
        try:
            stream = found.path.open("rb")
        except FileNotFoundError:
            raise Http404 from None
        if request.method == "GET":
            audit.record("export.downloaded", found.tenant, note=_words(found))
        content_type = FORMATS[found.format].content_type
        return FileResponse(stream, as_attachment=True, filename=found.file_name, content_type=content_type)

    @list_view("file/remove/", action=Action.EXPORT, methods=("POST",))
    def file_remove(self, request: HttpRequest) -> HttpResponse:
        """Also stops the worker: it finds its row gone and leaves nothing."""
        found = _one(request)
        audit.record("export.removed", found.tenant, note=_words(found))
        files.remove(found)
        messages.success(request, "Removed.")
        return redirect(PAGE)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What the form begins with: an address may choose the tenant and the export."""
    return {
        "what": request.GET.get("what", "invoice"),
        "tenant": number(request.GET.get("tenant", "")) or None,
    }


def _answer(request: HttpRequest, form: ExportForm) -> HttpResponseBase:
    taken, data = form.taken, form.cleaned_data
    assert taken is not None and isinstance(request.user, User)  # noqa: S101  # a valid form has it
    count = taken.queryset.count()
    later = data["background"] or count > files.AT_ONCE
    if later and _own(request).filter(state__in=files.OPEN).count() >= MOST_OPEN:
        messages.warning(
            request, f"{MOST_OPEN} of your exports are being written. Wait for one, or remove it."
        )
        return redirect(PAGE)
    _note(data, form.wanted, count, later)
    if not later:
        return _streamed(taken, data["tenant"], data["what"])
    found = files.start(
        request.user, data["tenant"], data["what"], data["format"],
        wanted=form.wanted, totals=data["totals"], expected=count,
    )  # fmt: skip
    return redirect(_page(found))


def _note(data: dict[str, Any], wanted: Narrowing, count: int, later: bool) -> None:
    parts = [f"{count:,} {label(data['what']).lower()} as {FORMATS[data['format']].label}", wanted.words()]
    parts += ["with totals"] * data["totals"] + ["in the background"] * later
    audit.record("records.exported", data["tenant"], note=", ".join(parts))


def _streamed(taken: Export, tenant: Tenant, what: str) -> StreamingHttpResponse:
    name = f"{tenant.slug}-{what}-{timezone.now():%Y-%m-%d}.{taken.form.name}"
    return StreamingHttpResponse(
        taken,
        content_type=taken.form.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _own(request: HttpRequest) -> Any:
    """This person's files, of tenants where they may still export."""
    rows = ExportFile.objects.filter(
        actor=request.user.pk, tenant__in=access_of(request.user).tenant_ids(Action.EXPORT)
    )
    return rows.select_related("tenant").order_by("-pk")


def _one(request: HttpRequest) -> ExportFile:
    found: ExportFile | None = _own(request).filter(pk=number(request.GET.get("id", ""))).first()
    if found is None:
        raise Http404("There is no such file.")
    return found


def _page(found: ExportFile) -> str:
    return f"{reverse('admin:reconciliation_exportfile_file')}?id={found.pk}"


def _words(found: ExportFile) -> str:
    parts = [
        f"{label(found.entity).lower()} as {FORMATS[found.format].label}",
        Narrowing.of(found.wanted).words(),
    ]
    return ", ".join(parts + ["with totals"] * found.totals)


def _told(found: ExportFile) -> dict[str, Any]:
    """A file with its words, for templates."""
    return {
        "file": found,
        "label": label(found.entity),
        "form": FORMATS[found.format].label,
        "narrowing": Narrowing.of(found.wanted).words(),
        "page": _page(found),
        "download": f"{reverse('admin:reconciliation_exportfile_file_download')}?id={found.pk}",
    }


def _about(request: HttpRequest) -> dict[str, Any]:
    found = _one(request)
    waited = (timezone.now() - found.created_at).total_seconds()
    return {
        **_told(found),
        "no_worker": found.state == ExportFile.State.QUEUED and waited > PATIENCE,
    }
