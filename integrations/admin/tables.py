"""Mapping tables of a merchant: what is mapped, what is not and what waits for it, one default, files in and out."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from integrations.admin.flow_gallery import person, tenant_of
from integrations.admin.table_forms import Sent, UploadForm, line_of, matching, sent_by
from integrations.models import TableRow
from integrations.tables import files, storing
from integrations.tables.base import DEFAULT, Key, MappingTable
from integrations.tables.catalogue import TABLES
from integrations.tables.looking import listed
from integrations.tables.standing import Standing, standing_of, waiting_by_table
from portal import audit
from portal.access import Action, access_of
from portal.models import Tenant
from portal.numbers import number
from portal.own_pages import list_view
from portal.tenant_admin import ReadOnlyTenantAdmin
from reconciliation.import_files import BadFile

SHOWN = 50
MOST_OFFERED = 2000
audit.register_action("table.exported", "exported a mapping table: {note}")


@admin.register(TableRow)
class TableRowAdmin(ReadOnlyTenantAdmin):
    """Everyone who sees a merchant sees its tables; who configures it fills them; who exports takes them out."""

    menu_order = 47
    list_display = ["table_shown", "label_shown", "target", "tenant", "changed_at"]
    list_filter = ["table", "tenant"]
    list_select_related = ["tenant"]
    search_fields = ["label", "key", "target"]
    empty_words = "Open a merchant's page and choose one of its mapping tables."

    class Media:
        css = {"all": ["integrations/integrations.css"]}

    @admin.display(description="table", ordering="table")
    def table_shown(self, row: TableRow) -> str:
        table = TABLES.get(row.table)
        return table.title if table else row.table

    @admin.display(description="what", ordering="label")
    def label_shown(self, row: TableRow) -> str:
        return row.label or "all else"

    @list_view("tables/", methods=("GET",))
    def tables(self, request: HttpRequest) -> HttpResponse:
        """All tables of a merchant."""
        tenant = tenant_of(request)
        if tenant is None:
            return self._choose(request)
        return self.page(
            request,
            "admin/integrations/tables.html",
            title="Mapping tables",
            tenant=tenant,
            tables=overview_of(tenant),
        )

    @list_view("table/")
    def one_table(self, request: HttpRequest) -> HttpResponse:
        """One table: what is unmapped, what is mapped, the default."""
        tenant, table = self._asked(request)
        standing = standing_of(tenant, table)
        sent = Sent()
        if request.method == "POST":
            self._must(request, Action.CONFIGURE, tenant)
            known = {one.key.key: one.key for one in standing.unmapped}
            known |= {row.key: Key(row.key, row.label) for row in standing.rows}
            sent = sent_by(request, tenant, table, known)
            if not sent.wrong:
                _say(request, table, storing.store(tenant, table, sent.rows, user=person(request)))
                return redirect(address_of(tenant, table, request.GET.get("show", "")))
        return self._show(request, tenant, standing, sent)

    def _show(self, request: HttpRequest, tenant: Tenant, standing: Standing, sent: Sent) -> HttpResponse:
        table = standing.table
        view = "mapped" if request.GET.get("show") == "mapped" else "unmapped"
        text = request.GET.get("q", "")
        open_ = [line_of(one.key, sent, waiting=one.waiting) for one in standing.unmapped]
        mapped = [line_of(Key(row.key, row.label), sent, row=row) for row in standing.rows]
        lines = matching(mapped if view == "mapped" else open_, text)
        offered = listed(tenant, table)
        access = access_of(request.user)
        return self.page(
            request,
            "admin/integrations/table.html",
            title=table.title,
            tenant=tenant,
            table=table,
            standing=standing,
            view=view,
            text=text,
            lines=Paginator(lines, SHOWN).get_page(request.GET.get("page")),
            default=line_of(Key(DEFAULT, ""), sent, row=standing.default) if table.default else None,
            offered=sorted(offered.values())[:MOST_OFFERED] if offered else [],
            is_checked=offered is not None,
            tables=tables_of(tenant),
            may_configure=access.may(Action.CONFIGURE, tenant),
            may_export=access.may(Action.EXPORT, tenant),
            **_places(tenant, table),
        )

    @list_view("table/remove/", action=Action.CONFIGURE, methods=("POST",))
    def remove_row(self, request: HttpRequest) -> HttpResponse:
        """Take one row out."""
        tenant, table = self._asked(request)
        self._must(request, Action.CONFIGURE, tenant)
        rows = TableRow.objects.filter(tenant=tenant, table=table.name)
        row = get_object_or_404(rows, pk=number(request.POST.get("row", "")))
        storing.remove(row, table, user=person(request))
        messages.success(request, f"{row.label or 'The default'} has no {table.target} any more.")
        return redirect(address_of(tenant, table, "mapped"))

    @list_view("table/file.csv", action=Action.EXPORT, methods=("GET",))
    def export_table(self, request: HttpRequest) -> HttpResponse:
        """The table as a file: what is not mapped stands in it too, to be filled in."""
        tenant, table = self._asked(request)
        self._must(request, Action.EXPORT, tenant)
        text = files.written(tenant, table)
        audit.record("table.exported", tenant, tenant=tenant, note=table.title)
        reply = HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
        reply["Content-Disposition"] = f'attachment; filename="{tenant.slug}-{table.name}.csv"'
        return reply

    @list_view("table/import/", action=Action.CONFIGURE)
    def import_table(self, request: HttpRequest) -> HttpResponse:
        """A file: looked at first, every line of it; stored when a person says so, and only if all of it fits."""
        tenant, table = self._asked(request)
        self._must(request, Action.CONFIGURE, tenant)
        form, reading, text = UploadForm(), None, ""
        if request.method == "POST":
            form = UploadForm(request.POST, request.FILES)
            content = self._content(request, form)
            if content is not None:
                try:
                    reading, text = files.read(content, tenant, table), content.decode("utf-8-sig", "replace")
                except BadFile as error:
                    form.add_error("file", str(error))
        if reading is not None and not reading.problems and "store" in request.POST:
            rows = [row for row, _ in reading.changes]
            _say(request, table, storing.store(tenant, table, rows, user=person(request), note="from a file"))
            return redirect(address_of(tenant, table, "mapped"))
        return self.page(
            request,
            "admin/integrations/table_import.html",
            title=f"Import: {table.title}",
            tenant=tenant,
            table=table,
            form=form,
            reading=reading,
            problems=reading.problems[: files.MOST_PROBLEMS] if reading else [],
            text=text,
            may_export=access_of(request.user).may(Action.EXPORT, tenant),
            **_places(tenant, table),
        )

    def _content(self, request: HttpRequest, form: UploadForm) -> bytes | None:
        """What was uploaded, or what was looked at before and is sent again to be stored."""
        if "store" in request.POST:
            return request.POST.get("text", "").encode()
        if not form.is_valid():
            return None
        content: bytes = form.cleaned_data["file"].read(files.LARGEST + 1)
        return content

    def _asked(self, request: HttpRequest) -> tuple[Tenant, MappingTable]:
        """Whose table, and which: in the address. Raises Http404."""
        tenant, table = tenant_of(request), TABLES.get(request.GET.get("table", ""))
        if tenant is None or table is None:
            raise Http404("There is no such table.")
        return tenant, table

    def _must(self, request: HttpRequest, action: Action, tenant: Tenant) -> None:
        if not access_of(request.user).may(action, tenant):
            raise PermissionDenied

    def _choose(self, request: HttpRequest) -> HttpResponse:
        tenants = access_of(request.user).tenants().order_by("name")[:200]
        return self.page(
            request,
            "admin/integrations/flows_choose.html",
            title="Mapping tables",
            tenants=[(one, tables_of(one)) for one in tenants],
        )


def overview_of(tenant: Tenant) -> list[dict[str, Any]]:
    """Each table, with what is mapped, what is not, and what waits."""
    found = []
    for table in TABLES.values():
        standing = standing_of(tenant, table)
        found.append({"standing": standing, "url": address_of(tenant, table)})
    return found


def tables_of(tenant: Tenant) -> str:
    return f"{reverse('admin:integrations_tablerow_tables')}?tenant={tenant.pk}"


def address_of(tenant: Tenant, table: MappingTable, view: str = "") -> str:
    """A table's page."""
    shown = f"&show={view}" if view else ""
    return f"{_address('one_table', tenant, table)}{shown}"


def _address(page: str, tenant: Tenant, table: MappingTable) -> str:
    return f"{reverse(f'admin:integrations_tablerow_{page}')}?tenant={tenant.pk}&table={table.name}"


def _places(tenant: Tenant, table: MappingTable) -> dict[str, str]:
    """The addresses of a table's pages."""
    return {
        "here": _address("one_table", tenant, table),
        "export_url": _address("export_table", tenant, table),
        "import_url": _address("import_table", tenant, table),
        "remove_url": _address("remove_row", tenant, table),
        "all_tables": tables_of(tenant),
    }


def _say(request: HttpRequest, table: MappingTable, count: int) -> None:
    if count:
        rows = "row is" if count == 1 else "rows are"
        messages.success(
            request, f"{count:,} {rows} stored. Records that waited for them are looked at again."
        )
    else:
        messages.info(request, f"Nothing to store: {table.title} is as it was.")


def panel(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """The card of a tenant's page: which tables something waits for."""
    waiting = waiting_by_table(tenant)
    return {
        "all_tables": tables_of(tenant),
        "waiting": [
            (table, address_of(tenant, table), waiting[table.name])
            for table in TABLES.values()
            if waiting.get(table.name)
        ],
    }
