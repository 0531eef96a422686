"""The base of every admin page that shows a tenant's data.

A subclass says how its rows lead to their tenant (`tenant_path`) and which actions of `portal.access` its pages
ask for. From that follow: rows, foreign keys, filters, autocompletes, bulk actions and history narrowed to the
person's tenants; 404 for any other row; an audit entry for every change.

    class ConnectionAdmin(TenantAdmin):
        tenant_path = "tenant"
        change_action = Action.CONFIGURE

        @object_view("test/", action=Action.RUN)
        def test_connection(self, request, connection): ...    # admin:integrations_connection_test_connection
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from portal.access import TENANT_PATHS, Action, access_of, tenant_of
from portal.audited import Audited
from portal.changelist import PlainChangeList
from portal.filters import scoped_filters
from portal.forms import OneTenantForm
from portal.models import Tenant
from portal.own_pages import list_view, object_view
from portal.paginator import CappedPaginator

__all__ = ["ReadOnlyTenantAdmin", "TenantAdmin", "TenantInline", "list_view", "object_view"]

if TYPE_CHECKING:  # generic only in the stubs
    StockInline = admin.TabularInline[Any, Any]
else:
    StockInline = admin.TabularInline


class TenantAdmin(Audited):
    """Stock admin, narrowed to the tenants and actions of the person who looks."""

    tenant_path: ClassVar[str | None] = "tenant"
    """From a row to its tenant: "tenant", "connection__tenant", "" for the tenant itself; None: no tenant."""
    view_action: ClassVar[Action | None] = Action.VIEW
    add_action: ClassVar[Action | None] = Action.CONFIGURE
    change_action: ClassVar[Action | None] = Action.CONFIGURE
    delete_action: ClassVar[Action | None] = Action.CONFIGURE
    """What each page asks for; None is nobody."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 200
    show_facets = admin.ShowFacets.NEVER  # counts per filter value cost a scan each

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        if self.list_editable:
            raise ImproperlyConfigured("list_editable asks no permission per row: use a bulk action instead.")
        super().__init__(model, admin_site)
        if self.tenant_path is not None:
            TENANT_PATHS.setdefault(model, self.tenant_path)

    # --- which rows --------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows this person may see."""
        rows = super().get_queryset(request)
        if self.view_action is None:
            return rows.none()
        return self.scoped(request, rows, self.view_action)

    def scoped(self, request: HttpRequest, rows: QuerySet[Any], action: Action) -> QuerySet[Any]:
        """`rows` where the person may do `action`. Override together with `may` where tenants are not all."""
        return access_of(request.user).scope(rows, self.tenant_path, action)

    def may(self, request: HttpRequest, action: Action | None, obj: Model | None = None) -> bool:
        """May this person do `action` to this row (None: to any row at all)?"""
        if action is None:
            return False
        access = access_of(request.user)
        if obj is None or obj.pk is None:
            return access.may_somewhere(action)
        return access.may(action, self.tenant_of(obj))

    def tenant_of(self, obj: Model) -> Tenant | None:
        return tenant_of(obj, self.tenant_path)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, or 404: another tenant's row must not differ from one that does not exist."""
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlainChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """A list is headed by what it lists, not by what stock admin asks to do with it."""
        title = str(self.opts.verbose_name_plural)
        return super().changelist_view(
            request, {"title": title[:1].upper() + title[1:], **(extra_context or {})}
        )

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A record's page is headed by its name."""
        if kwargs.get("obj") is not None:
            context |= {"title": str(kwargs["obj"]), "subtitle": ""}
        return super().render_change_form(request, context, *args, **kwargs)

    # --- one row -----------------------------------------------------------------------------------------------------

    row_template: ClassVar[str] = ""
    """The page of one row, where it is not the stock form; it gets what `row_context` says."""
    row_posts: ClassVar[bool] = False
    """Whether a form on that page is sent to the page itself."""

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What `row_template` shows of a row; `title` is the row's own words where it is not given."""
        return {}

    def row_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        """For a page that takes more than a template and its context."""
        return self.page(
            request, self.row_template, row, **{"title": str(row), **self.row_context(request, row)}
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.row_template and type(self).row_page is TenantAdmin.row_page:
            return super().change_view(request, object_id, form_url, extra_context)
        row = self.object_or_404(request, object_id)
        if request.method == "POST" and not self.row_posts:
            raise PermissionDenied
        return self.row_page(request, row)

    def object_or_404(self, request: HttpRequest, pk: object, action: Action | None = None) -> Any:
        """The row for a page of its own; PermissionDenied where the person may see it but not do `action`."""
        found = self.get_object(request, unquote(str(pk)))
        if found is None or not self.has_view_permission(request, found):
            raise Http404
        if action is not None and not self.may(request, action, found):
            raise PermissionDenied
        return found

    def where_may(self, request: HttpRequest, rows: QuerySet[Any], action: Action) -> QuerySet[Any]:
        """For bulk actions: the selected rows on which the person may really do `action`."""
        return self.scoped(request, rows, action)

    # --- who may -----------------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.view_action)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.view_action, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """`obj` is the parent row when an inline asks."""
        return self.may(request, self.add_action)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.change_action, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.delete_action, obj)

    # `@admin.action(permissions=["run"])` asks these.

    def has_configure_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Action.CONFIGURE)

    def has_run_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Action.RUN)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Action.RESOLVE)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.may(request, Action.EXPORT)

    # --- forms and filters -------------------------------------------------------------------------------------------

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """Foreign keys offer, and accept, only rows of the person's tenants."""
        rows = super().get_field_queryset(db, db_field, request)
        if rows is None:
            rows = db_field.remote_field.model._default_manager.all()
        action = (self.change_action or self.view_action) if rows.model is Tenant else self.view_action
        return access_of(request.user).scope(rows, None, action or Action.VIEW)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        return type(form)(form.__name__, (OneTenantForm, form), {})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A row stays with its tenant: once saved, that field is only shown."""
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None and self.tenant_path == "tenant" and "tenant" not in fields:
            fields.append("tenant")
        return fields

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return scoped_filters(self.model, super().get_list_filter(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Checked once more with the tenant that the form chose."""
        self.check_save(request, self.change_action if change else self.add_action, obj)
        super().save_model(request, obj, form, change)

    def check_save(self, request: HttpRequest, action: Action | None, obj: Any) -> None:
        """Raises PermissionDenied."""
        if action is None or not self.may_save(request, action, obj):
            raise PermissionDenied

    def may_save(self, request: HttpRequest, action: Action, obj: Any) -> bool:
        return access_of(request.user).may(action, self.tenant_of(obj))


class ReadOnlyTenantAdmin(TenantAdmin):
    """Rows that syncs write and people read. Pages of its own may still act on them."""

    add_action = change_action = delete_action = None


class TenantInline(StockInline):
    """An inline of a TenantAdmin: its permissions are those of the page it stands on."""

    extra = 0

    def _parent(self) -> TenantAdmin:
        found = self.admin_site._registry[self.parent_model]
        assert isinstance(found, TenantAdmin), f"{self.parent_model} needs a TenantAdmin"  # noqa: S101  # a programming error
        return found

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._parent().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._parent().has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._parent().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._parent().has_change_permission(request, obj)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        return self._parent().get_field_queryset(db, db_field, request)
