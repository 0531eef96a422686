"""Two merchants with one row of everything each, and everybody who has a role on the first."""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.test import Client

from portal.access import tenant_path_of
from portal.models import Role, Tenant, User
from tests.admin.objects import OBJECTS
from tests.admin.visits import FOREIGN
from tests.attacks.counts import FULL
from tests.attacks.routes import ADMINS

ROLES = {
    "owner": Role.PARTNER_STAFF,
    "colleague": Role.SUPPORT,
    "finance": Role.FINANCE,
    "viewer": Role.VIEWER,
}


@dataclass
class Stage:
    """`own` and `foreign` are rows by model; `leaks` gathers whatever an attack got."""

    tenant: Tenant
    other: Tenant
    people: dict[str, User]
    own: dict[str, Model] = field(default_factory=dict)
    foreign: dict[str, Model] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    attempts: int = 0

    def fill(self) -> "Stage":
        for label in ADMINS:
            self.own[label] = OBJECTS[label](self.tenant)
            self.foreign[label] = OBJECTS[label](self.other)
        return self

    def client(self, name: str) -> Client:
        """That person's browser, logged in once."""
        if name not in self.clients:
            self.clients[name] = Client(raise_request_exception=False)
            self.clients[name].force_login(self.people[name])
        return self.clients[name]

    def turns(self, at: int) -> list[str]:
        """Who attacks the address number `at`: everybody in turn, with ATTACK_FULL everybody each time."""
        names = list(ROLES)
        return names if FULL else [names[at % len(names)]]

    def attack(self, client: Client, method: str, url: str, data: Any = None, *, allowed: Any = None) -> Any:
        """One attempt: counted, and a leak if it shows a foreign text, fails, or answers what it must not."""
        self.attempts += 1
        reply = getattr(client, method)(url, data) if data is not None else getattr(client, method)(url)
        body = b"".join(reply).decode(errors="replace")
        reply.body = body
        leak = FOREIGN.search(f"{reply.headers}{body}")
        if leak:
            self.leaks.append(f"{method} {url} shows …{body[max(0, leak.start() - 60) : leak.end() + 30]}…")
        elif reply.status_code >= 500 or (allowed is not None and reply.status_code not in allowed):
            self.leaks.append(f"{method} {url} answers {reply.status_code}")
        return reply


def state_of(tenant: Tenant) -> dict[str, list[Any]]:
    """Every row of a tenant in every table, to see whether anything was changed."""
    found: dict[str, list[Any]] = {}
    for model in apps.get_models():
        try:
            path = tenant_path_of(model)
        except ImproperlyConfigured:
            continue
        rows = model._base_manager.filter(**{path or "pk": tenant.pk}).order_by("pk")
        found[model._meta.label] = list(rows.values())
    return found
