"""What upper floors hang into the ground floor's pages, registered in their `AppConfig.ready`.

A builder gets the request (and the tenant) and returns its template's context, or None for "nothing to show to
this person". Builders ask `access_of(request.user)` themselves: a panel is a page like any other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from portal.access import Action, access_of
from portal.models import Tenant

Context = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """A card of the home page."""

    name: str
    order: int
    build: Callable[[HttpRequest], Context | None]
    template: str
    wide: bool = False


@dataclass(frozen=True)
class TenantPanel:
    """A card above the form of a tenant."""

    order: int
    template: str
    build: Callable[[HttpRequest, Tenant], Context | None]


@dataclass(frozen=True)
class AppEntry:
    """A row of the app list that is not a model."""

    app_label: str
    name: str
    label: str
    url_name: str
    count: Callable[[HttpRequest], int | None]
    action: Action = Action.VIEW
    group: str = ""


@dataclass(frozen=True)
class Health:
    """How a tenant fares: `tone` is one of ok, warn, bad, busy, idle; `words` say why; `url` is where to act."""

    tone: str
    words: str
    url: str = ""


HealthOf = Callable[[Iterable[Tenant]], dict[int, Health]]

_panels: dict[str, Panel] = {}
_tenant_panels: dict[str, TenantPanel] = {}
_entries: dict[tuple[str, str], AppEntry] = {}
_health: list[HealthOf] = []


def register_panel(
    name: str,
    order: int,
    build: Callable[[HttpRequest], Context | None],
    template: str,
    *,
    wide: bool = False,
) -> None:
    """Put a card on the home page; `name` is its heading. Lower orders come first, `wide` spans all columns."""
    _panels[name] = Panel(name, order, build, template, wide)


def register_tenant_panel(
    order: int, template: str, build: Callable[[HttpRequest, Tenant], Context | None]
) -> None:
    """Put a card above a tenant's form."""
    _tenant_panels[template] = TenantPanel(order, template, build)


def register_app_entry(
    app_label: str,
    name: str,
    label: str,
    url_name: str,
    count: Callable[[HttpRequest], int | None],
    action: Action = Action.VIEW,
    group: str = "",
) -> None:
    """Show `label` among an app's models to those who may do `action`, with a count unless that is None.

    `group` is the `menu_group` of the models beside which it stands.
    """
    _entries[app_label, name] = AppEntry(app_label, name, label, url_name, count, action, group)


def register_health(health_of: HealthOf) -> None:
    """Say how tenants fare: given tenants, return `{tenant id: Health}`, in a fixed number of queries."""
    _health.append(health_of)


def panels(request: HttpRequest) -> list[Context]:
    """The cards of the home page for this person: name, wide, html."""
    shown = []
    for panel in sorted(_panels.values(), key=lambda panel: panel.order):
        context = panel.build(request)
        if context is not None:
            html = render_to_string(panel.template, context, request)
            shown.append({"name": panel.name, "wide": panel.wide, "html": html})
    return shown


def tenant_panels(request: HttpRequest, tenant: Tenant) -> list[SafeString]:
    """The cards above a tenant's form."""
    shown = []
    for panel in sorted(_tenant_panels.values(), key=lambda panel: panel.order):
        context = panel.build(request, tenant)
        if context is not None:
            shown.append(render_to_string(panel.template, {"tenant": tenant, **context}, request))
    return shown


def entries(request: HttpRequest, app_label: str) -> list[Context]:
    """Rows for the app list. `count` is called by the templates that show it, not by every page's side bar."""
    return [
        {
            "name": entry.label,
            "object_name": entry.name,
            "group": entry.group,
            "admin_url": reverse(entry.url_name),
            "add_url": None,
            "view_only": True,
            "perms": {"view": True},
            "count": partial(entry.count, request),
        }
        for entry in _entries.values()
        if entry.app_label == app_label and access_of(request.user).may_somewhere(entry.action)
    ]


def health_of(tenants: Iterable[Tenant]) -> dict[int, Health]:
    """How these tenants fare, by id: the worst of what the floors say, and of the tenant's own status."""
    tenants = list(tenants)
    worst: dict[int, Health] = {}
    for found in [_by_status(tenants), *(ask(tenants) for ask in _health)]:
        for pk, health in found.items():
            if pk not in worst or _SEVERITY.index(health.tone) > _SEVERITY.index(worst[pk].tone):
                worst[pk] = health
    return worst


_SEVERITY = ["idle", "ok", "busy", "warn", "bad"]
STATUS_TONES = {"onboarding": "busy", "live": "ok", "paused": "warn", "disconnected": "idle"}


def _by_status(tenants: list[Tenant]) -> dict[int, Health]:
    return {tenant.pk: Health(STATUS_TONES[tenant.status], tenant.get_status_display()) for tenant in tenants}
