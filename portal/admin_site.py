"""Trunkline's admin site: stock admin with roles instead of Django's permissions, a home page of panels, one look.

Upper floors extend it through `register_panel`, `register_app_entry`, `register_tenant_panel` and
`register_health` (see `portal.panels`).
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from portal.access import access_of
from portal.audit import record
from portal.models import User
from portal.panels import (
    Health,
    entries,
    panels,
    register_app_entry,
    register_health,
    register_panel,
    register_tenant_panel,
)

__all__ = [
    "Health",
    "TrunklineAdminSite",
    "register_app_entry",
    "register_health",
    "register_panel",
    "register_tenant_panel",
]

NOT_SHOWN = {"auth", "django_q", "account", "mfa", "socialaccount", "usersessions"}
"""Django's groups are not used. The queue's own pages replay pickled arguments and accept schedules that stop all
others: what is due, failed or waiting stands in our own tables and has its own pages. Factors are nobody's to see."""


class TrunklineAdminSite(admin.AdminSite):
    """Anyone with a role may log in; what they see there is decided per row by `portal.access`."""

    site_header = "Trunkline"
    site_title = "Trunkline"
    index_title = "Home"
    site_url = None
    empty_value_display = "—"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        shown = [model for model in models if model._meta.app_label not in NOT_SHOWN]
        super().register(shown, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return access_of(request.user).may_enter

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one door, with a second factor behind it."""
        from portal.entrance.pages import log_in

        return log_in(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The home page: what needs a person first, then the rest."""
        return super().index(request, {"panels": panels(request), **(extra_context or {})})

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The stock page; a password that was really changed goes to the audit trail."""
        reply = super().password_change(request, extra_context)
        if request.method == "POST" and reply.status_code == 302 and isinstance(request.user, User):
            record("person.password_set", request.user)
        return reply

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Apps by their `admin_order`, each cut into its admins' groups; models by their admin's `menu_order`.

        An app's registered entries come first in their group.
        """
        found = super().get_app_list(request, app_label)
        found.sort(key=lambda app: getattr(apps.get_app_config(app["app_label"]), "admin_order", 50))
        return [part for app in found for part in self._parts(request, app)]

    def _parts(self, request: HttpRequest, app: dict[str, Any]) -> list[dict[str, Any]]:
        """An app once for each `menu_group`, in the order of their first models. Without a group: by its own name."""
        groups: dict[str, list[Any]] = {}
        for row in sorted(app["models"], key=self._model_order):
            groups.setdefault(getattr(self._registry[row["model"]], "menu_group", ""), []).append(row)
        for row in reversed(entries(request, app["app_label"])):
            groups.setdefault(row["group"], []).insert(0, row)
        return [
            {**app, "section": app["name"], "name": group or app["name"], "models": rows}
            for group, rows in groups.items()
        ]

    def _model_order(self, row: dict[str, Any]) -> tuple[int, str]:
        return getattr(self._registry[row["model"]], "menu_order", 50), str(row["name"])
