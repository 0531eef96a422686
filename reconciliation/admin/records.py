"""What all pages of records share: lists that stay fast, a page that tells everything about a record.

A subclass says which columns and facts it shows (`facts`), what hangs on its records (`linked`) and how they are
found (`ways`); the rest follows. Records are read here, not edited: a sync would take an edit back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst

from portal.access import Action, access_of
from portal.filters import ScopedRelatedFilter
from portal.tenant_admin import ReadOnlyTenantAdmin, object_view
from reconciliation.admin.acting import ActingPages
from reconciliation.admin.changelist import RecordChangeList
from reconciliation.admin.exporting import ExportingAdmin
from reconciliation.admin.extensions import buttons_of, notices_of
from reconciliation.admin.pages import page_of
from reconciliation.entities import ENTITIES
from reconciliation.links import entity_of
from reconciliation.merging import MOST
from reconciliation.search import Ways, search_records


@dataclass(frozen=True)
class Linked:
    """Records that hang on a record: those of `model` whose `path` leads to it, as a card on its page."""

    title: str
    model: type[Model]
    path: str


class RecordAdmin(ActingPages, ExportingAdmin, ReadOnlyTenantAdmin):
    """Read-only pages of one kind of record."""

    ways: ClassVar[Ways]
    facts: ClassVar[Sequence[tuple[str, Sequence[str]]]]
    """The groups of the record's page: heading, and names of fields or of methods of the admin."""
    flags: ClassVar[Sequence[str]] = ()
    """Yes-or-no fields that stand in the head of the page where they are true."""
    linked: ClassVar[Sequence[Linked]] = ()
    card_columns: ClassVar[Sequence[str]] = ()
    """The columns of these records in a card on another record's page."""
    card_order: ClassVar[Sequence[str]] = ("-pk",)
    list_prefetch_related: ClassVar[Sequence[Any]] = ()
    references: ClassVar[Sequence[str]] = ()
    """Records that the page names: fetched with it in one query."""

    tools: ClassVar[Sequence[tuple[str, str]]] = ()
    """Buttons above the list for those who may correct records: words and the page's name."""

    actions: Any = None
    list_per_page = 100
    list_max_show_all = 100
    show_facets = admin.ShowFacets.NEVER
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    search_fields = ["pk"]
    change_list_template = "admin/reconciliation/record_list.html"
    empty_words = "They appear here with the first sync."

    class Media:
        css = {"all": ["reconciliation/records.css"]}

    # --- the list ----------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordChangeList]:
        return RecordChangeList

    def get_list_select_related(self, request: HttpRequest) -> Sequence[str]:  # type: ignore[override]  # names alone
        return ["tenant", *(self.list_select_related or ())]  # type: ignore[misc]

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        one = not self._sees_several(request) or "tenant__id__exact" in request.GET
        return columns if one else [*columns, "tenant"]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = super().get_list_filter(request)
        if not self._sees_several(request):
            return filters
        return [("tenant", ScopedRelatedFilter), *filters]

    def _sees_several(self, request: HttpRequest) -> bool:
        return len(access_of(request.user).tenant_ids()) > 1

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what people know of a record (`reconciliation.search`)."""
        return self.search(queryset, search_term, list(access_of(request.user).tenants())), False

    def search(self, rows: QuerySet[Any], text: str, tenants: list[Any]) -> QuerySet[Any]:
        return search_records(rows, text, self.ways, tenants)

    @admin.action(permissions=["resolve"], description="Merge the selected…")
    def merge_selected(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        """For lists whose records can be merged: the selected ones side by side. Nothing is written by this."""
        ids = sorted(rows.values_list("pk", flat=True)[: MOST + 1])
        if not 2 <= len(ids) <= MOST:
            messages.warning(request, f"Select two to {MOST} {self.opts.verbose_name_plural} to merge.")
            return None
        named = next(name for name, entity in ENTITIES.items() if entity.model is self.model)
        asked = urlencode({"entity": named, "record": ids}, doseq=True)
        return redirect(f"{reverse('admin:reconciliation_merge_new')}?{asked}")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            "may_export": self.has_export_permission(request),
            "exports": [
                (label, f"admin:{self.opts.app_label}_{self.opts.model_name}_export_{name}")
                for name, label in (("csv", "CSV"), ("xlsx", "Excel"), ("json", "JSON"))
            ],
            "buttons": buttons_of(request, str(self.opts.model_name)),
            "narrowing": request.GET.urlencode(),
            "own_tools": self.tools if self.may(request, Action.RESOLVE) else (),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    # --- the page ----------------------------------------------------------------------------------------------------

    row_posts = True

    def row_page(self, request: HttpRequest, found: Any) -> HttpResponse:
        """Everything there is to know about one record."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        record = self.model._default_manager.select_related("tenant", *self.references).get(pk=found.pk)
        context = page_of(self, record)
        may_resolve = self.may(request, Action.RESOLVE, record)
        return self.page(
            request,
            "admin/reconciliation/record.html",
            record,
            title=str(record),
            buttons=buttons_of(request, entity_of(record), record),
            may_resolve=may_resolve,
            acts=self.buttons(record) if may_resolve else [],
            acted_on=bool(self.acts),
            **context,
        )

    @object_view("notices/", methods=("GET",))
    def notices(self, request: HttpRequest, record: Any) -> HttpResponse:
        """How the record stands, for a page that looks again while something is on its way."""
        found = notices_of(entity_of(record), record)
        reply = render(request, "admin/reconciliation/notices.html", {"notices": found})
        if not any(notice.is_moving for notice in found):
            reply["X-Refresh"] = "done"
        return reply
