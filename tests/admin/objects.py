"""One row of every registered model, for the walk over every admin page.

Each floor adds its own, here or in a module `objects_<floor>.py` beside this one:

    @makes("integrations.connection")
    def connection(tenant): return Connection.objects.create(tenant=tenant, name=planted(tenant))

Put `planted(tenant)` into texts that pages show: the walk searches everybody else's pages for it.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from django.db.models import Model

from portal import audit
from portal.models import Role, RoleGrant, Tenant, User

OBJECTS: dict[str, Callable[[Tenant], Model]] = {}


def makes(label: str) -> Callable[[Callable[[Tenant], Model]], Callable[[Tenant], Model]]:
    """Register a factory for the model of that label ("app.model", small letters)."""

    def register(factory: Callable[[Tenant], Model]) -> Callable[[Tenant], Model]:
        OBJECTS[label] = factory
        return factory

    return register


def planted(tenant: Tenant) -> str:
    """A text that only this tenant's people may ever read."""
    return f"planted-{tenant.slug}"


@makes("portal.tenant")
def the_tenant(tenant):
    return tenant


@makes("portal.partner")
def its_partner(tenant):
    return tenant.partner


@makes("portal.user")
def someone(tenant):
    user, _ = User.objects.get_or_create(username=planted(tenant))
    RoleGrant.objects.get_or_create(user=user, role=Role.VIEWER, tenant=tenant)
    return user


@makes("portal.rolegrant")
def someones_role(tenant):
    return someone(tenant).grants.get()


@makes("portal.auditentry")
def something_done(tenant):
    return audit.record("export.made", tenant, note=planted(tenant))


for module in sorted(Path(__file__).parent.glob("objects_*.py")):
    importlib.import_module(f"tests.admin.{module.stem}")
