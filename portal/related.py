"""A row that a page names is a link only for those who may open it; the others read its name.

Stock admin asks nobody when it shows a reference that cannot be edited.
"""

from typing import Any

from django.contrib.admin.helpers import AdminReadonlyField
from django.db.models import Model
from django.http import HttpRequest

from portal.middleware import current_request

_stock_link = AdminReadonlyField.get_admin_url


def may_open(request: HttpRequest | None, row: Model, site: Any) -> bool:
    """Whether the row has a page in this admin that the person of the request may look at."""
    found = site._registry.get(type(row))
    return request is not None and found is not None and found.has_view_permission(request, row)


def link_or_name(self: AdminReadonlyField, remote_field: Any, remote_obj: Model) -> str:
    """What stock admin shows, or the name alone."""
    site = self.model_admin.admin_site if self.model_admin else None
    if site is not None and may_open(current_request.get(), remote_obj, site):
        return str(_stock_link(self, remote_field, remote_obj))
    return str(remote_obj)


def install() -> None:
    """For every page of every admin, inlines included. Called once, when Django is ready."""
    AdminReadonlyField.get_admin_url = link_or_name  # type: ignore[method-assign]
