"""Admin pages before which people say again who they are: stock ones by an attribute, own ones by their decorator."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from portal.entrance.again import ask_again

if TYPE_CHECKING:  # generic only in the stubs
    StockAdmin = admin.ModelAdmin[Any]
else:
    StockAdmin = admin.ModelAdmin


class Confirming(StockAdmin):
    """Mixed into `TenantAdmin`. Asks before a form is shown, so that nobody types for nothing."""

    confirms: ClassVar[frozenset[str]] = frozenset()
    """Which of "add", "change" and "delete" ask."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        may = self.has_change_permission(request) if object_id else self.has_add_permission(request)
        self._ask_before(request, "change" if object_id else "add", may)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        self._ask_before(request, "delete", self.has_delete_permission(request))
        return super().delete_view(request, object_id, extra_context)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """The list's bulk deletion."""
        if request.POST.get("action") == "delete_selected":
            self._ask_before(request, "delete", self.has_delete_permission(request))
        return super().response_action(request, queryset, *args, **kwargs)

    def _ask_before(self, request: HttpRequest, act: str, may: bool) -> None:
        """Who may not do it is told so instead, by the page itself."""
        if act in self.confirms and may:
            ask_again(request)
