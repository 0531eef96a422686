"""Customers from a file: uploaded, its columns looked at and chosen, taken in by a worker, with what came of it.

The route: `new` -> a draft -> `columns`, which shows the first lines as they would be stored -> its own page with
progress, then the result.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from portal import audit
from portal.access import Action, access_of
from portal.look import badge
from portal.models import Tenant, User
from portal.tenant_admin import ReadOnlyTenantAdmin, list_view, object_view
from reconciliation import customer_imports
from reconciliation.admin import shown
from reconciliation.background import State
from reconciliation.import_files import BadFile, CustomerFile
from reconciliation.importing import FIELDS, SYSTEM
from reconciliation.models import CustomerImport, Link

PATIENCE = 20
"""Seconds in the queue after which the page asks whether any worker is there."""
_FIELDS = {
    "id": "id (needed: the customer's number where it comes from)",
    "type": "type: Residential or Commercial",
    "name": "name, whole",
    "phone2": "second phone",
    "zip": "ZIP",
}
_TONES = {
    State.DONE: "ok",
    State.FAILED: "bad",
    State.RUNNING: "busy",
    State.DRAFT: "idle",
    State.QUEUED: "idle",
}
_WORDS = {
    State.DRAFT: "not started",
    State.QUEUED: "waiting for a worker",
    State.RUNNING: "at work",
    State.DONE: "done",
    State.FAILED: "failed",
}
audit.register_action("customer_import.uploaded", "uploaded {target} to import customers")


class UploadForm(forms.Form):
    """Whose customers, and the file."""

    tenant = forms.ModelChoiceField(Tenant.objects.none(), empty_label=None)
    file = forms.FileField(
        label="CSV file",
        help_text="The first line names the columns. What they are is shown and chosen next.",
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenants = access_of(request.user).tenants(Action.CONFIGURE).order_by("name")
        self.fields["tenant"].queryset = tenants  # type: ignore[attr-defined]
        self.fields["tenant"].initial = request.GET.get("tenant")
        self.fields["file"].widget.attrs["accept"] = ".csv,text/csv"


@admin.register(CustomerImport)
class CustomerImportAdmin(ReadOnlyTenantAdmin):
    """What was imported, by whom, with what result."""

    view_action = Action.CONFIGURE
    menu_order = 150
    menu_group = "Lists and files"
    actions = None
    row_template = "admin/reconciliation/import.html"
    change_list_template = "admin/reconciliation/import_list.html"
    list_display = ["name", "tenant", "state_shown", "created", "updated", "refused", "created_at"]
    list_filter = ["tenant", "state"]
    list_select_related = ["tenant"]
    ordering = ("-pk",)
    empty_words = "Upload a file to bring customers in that no connected system has."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: CustomerImport) -> str:
        return state_badge(row)

    @list_view("new/", action=Action.CONFIGURE)
    def new(self, request: HttpRequest) -> HttpResponse:
        """GET: the form. POST: the file is kept, and its columns come next."""
        form = UploadForm(request, request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid() and isinstance(request.user, User):
            upload = form.cleaned_data["file"]
            try:
                if upload.size > customer_imports.most_bytes():
                    raise customer_imports.too_large()
                row = customer_imports.upload(
                    form.cleaned_data["tenant"], request.user, upload.name, upload.read()
                )
            except BadFile as error:
                form.add_error("file", str(error))
            else:
                audit.record("customer_import.uploaded", row)
                return redirect("admin:reconciliation_customerimport_columns", row.pk)
        return self.page(
            request, "admin/reconciliation/import_new.html", title="Import customers", form=form,
            fields=FIELDS, most=customer_imports.most_bytes() // 1_000_000,
        )  # fmt: skip

    @object_view("columns/", action=Action.CONFIGURE)
    def columns(self, request: HttpRequest, row: CustomerImport) -> HttpResponse:
        """Which column is what, and the first lines as they would be stored. POST `start` begins, or shows them anew."""
        if row.state != State.DRAFT:
            return redirect("admin:reconciliation_customerimport_change", row.pk)
        file = customer_imports.file_of(row)
        problem = ""
        if request.method == "POST":
            chosen, problem = chosen_columns(request.POST, len(file.names))
            if not problem:
                row.columns = file.columns = chosen
                row.save(update_fields=["columns"])
        problem = problem or (f"{file.lack}: choose which one it is." if file.lack else "")
        if "start" in request.POST and not problem:
            customer_imports.start(row)
            return redirect("admin:reconciliation_customerimport_change", row.pk)
        return self.page(
            request,
            "admin/reconciliation/import_columns.html",
            row,
            title=f"Import {_short(row)}",
            row=row,
            problem=problem,
            columns=_columns(file),
            choices=[(name, _FIELDS.get(name, name.replace("_", " "))) for name in FIELDS],
            lines=[_line(found, row.tenant) for found in customer_imports.preview(row)],
            ignored=file.ignored,
        )

    @object_view("live/", methods=("GET",))
    def live(self, request: HttpRequest, row: CustomerImport) -> HttpResponse:
        """The part of the page that moves."""
        reply = render(request, "admin/reconciliation/import_live.html", self.row_context(request, row))
        if not row.is_open:
            reply["X-Refresh"] = "done"
        return reply

    def row_context(self, request: HttpRequest, row: CustomerImport) -> dict[str, Any]:
        waited = (timezone.now() - row.created_at).total_seconds()
        return {
            "title": f"Import of {_short(row)}",
            "row": row,
            "state": state_badge(row),
            "draft": row.state == State.DRAFT,
            "problems": _with_records(row),
            "no_worker": row.state == State.QUEUED and waited > PATIENCE,
        }


def _short(row: CustomerImport) -> str:
    return Truncator(row.name).chars(40)


def state_badge(row: CustomerImport) -> str:
    state = State(row.state)
    return badge(_WORDS[state], _TONES[state])


def chosen_columns(posted: Any, count: int) -> tuple[dict[str, int], str]:
    """`{field: column}` of the select boxes, and what is wrong with it."""
    found: dict[str, int] = {}
    for at in range(count):
        field = posted.get(f"column-{at}", "")
        if field in found:
            return (
                {},
                f"Two columns are said to be {field.replace('_', ' ')}. One of them must be something else.",
            )
        if field in FIELDS:
            found[field] = at
    return found, ""


def _columns(file: CustomerFile) -> list[tuple[int, str, str]]:
    """(number, name in the file, field or "") of each column."""
    field_at = {at: field for field, at in file.columns.items()}
    return [(at, name or f"column {at + 1}", field_at.get(at, "")) for at, name in enumerate(file.names)]


def _line(found: customer_imports.Preview, tenant: Tenant) -> dict[str, Any]:
    line, problem = found.line, found.row.problem
    words: dict[str, Any] = {
        "number": found.row.number,
        "problem": problem.words if problem else "",
        "taken": bool(line),
    }
    if line is None:
        return words
    cells = line.cells
    street = " ".join(filter(None, (cells["street"], cells["unit"])))
    region = " ".join(filter(None, (cells["state"], cells["zip"])))
    phones = [
        (shown.phone(read.e164, read.extension, tenant.phone_region) if read.usable else text, read.usable)
        for text, read in found.phones
    ]
    return {
        **words,
        "id": line.id,
        "name": line.name,
        "type": cells["type"],
        "phones": phones,
        "email": cells["email"],
        "address": ", ".join(filter(None, (street, cells["city"], region))),
        "is_known": found.is_known,
    }


def _with_records(row: CustomerImport) -> list[dict[str, Any]]:
    """The problems of an import, each with its customer's page where it was taken all the same."""
    known = _records(row, {str(key).partition(":")[0] for _, key, _, refused in row.problems if not refused})
    return [
        {
            "line": line,
            "id": key,
            "words": words,
            "refused": refused,
            "url": known.get(str(key).partition(":")[0], ""),
        }
        for line, key, words, refused in row.problems
    ]


def _records(row: CustomerImport, ids: Iterable[str]) -> dict[str, str]:
    links = Link.objects.filter(
        source__tenant=row.tenant, source__system=SYSTEM, entity="customer", external_id__in=list(ids)
    )
    return {
        external_id: reverse("admin:reconciliation_customer_change", args=[record_id])
        for external_id, record_id in links.values_list("external_id", "record_id")
        if record_id
    }
