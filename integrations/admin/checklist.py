"""Where a merchant's onboarding stands, and what is next.

The route: a tenant's connection and what its rules and runs say -> `Standing` -> `steps` (pure) -> the panel on
the tenant's page and the “next” button at the foot of every connection page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from integrations.connectors.registry import CONNECTORS
from integrations.models import Connection, Run, RunFailure
from portal.access import Action, access_of
from portal.models import Tenant
from reconciliation.entities import in_words

FIRST_SYSTEM = "servicetitan"
_NEEDED: Mapping[str, Action] = {"credentials": Action.CONFIGURE, "sync": Action.RUN}
"""What a person must be allowed to do for the page of a step; the others may be looked at by all."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the steps are decided from. `left` are switched-on rules whose first sync is still to come."""

    status: str = ""
    problem: str = ""
    tested_at: datetime | None = None
    missing: int = 0
    scope_chosen: bool = False
    rules_chosen: bool = False
    rules_on: int = 0
    left: int = 0
    open_runs: int = 0
    failed: tuple[str, ...] = ()
    batch: UUID | None = None
    failures: int = 0
    live: bool = False
    is_scoped: bool = True

    @property
    def is_connected(self) -> bool:
        return self.status in {Connection.Status.CONNECTED, Connection.Status.PAUSED} and bool(self.tested_at)

    @property
    def is_first_sync_done(self) -> bool:
        return self.rules_on > 0 and self.left == 0


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist. `state` is done, busy, bad or todo; `words` say where it stands."""

    name: str
    title: str
    state: str
    words: str
    action: str


def steps(at: Standing, label: str) -> list[Step]:
    """All steps, in order; a system whose rows are shared whole has no scope to choose."""
    known = bool(at.status)
    found = [
        Step("details", "Details", "done", "Name, time zone, phone region and currency.", "Change"),
        _step("credentials", f"{label} credentials", known, *_credentials_words(at, label)),
        _test_step(at),
        _step("scope", "Scope", at.scope_chosen, "What the merchant shares: business units, tags, how far back.",
              "Choose the scope", "Change"),
        _step("rules", "Sync rules", at.rules_chosen, "What is synced, how often, and who wins.",
              "Go through the rules", "Change"),
        _sync_step(at),
        _step("review", "Review and go live", at.live, "Counts by entity and what failed, before the merchant goes live.",
              "Review", "Look again"),
    ]  # fmt: skip
    return [step for step in found if at.is_scoped or step.name != "scope"]


def _step(name: str, title: str, done: bool, words: str, todo: str, change: str) -> Step:
    return Step(name, title, "done" if done else "todo", words, change if done else todo)


def _credentials_words(at: Standing, label: str) -> tuple[str, str, str]:
    return f"What opens {label}, with where each value is found.", "Enter credentials", "Change"


def _test_step(at: Standing) -> Step:
    if at.status == Connection.Status.RELINK or (at.problem and not at.is_connected):
        return Step("test", "Test connection", "bad", at.problem, "See what to do")
    if not at.is_connected:
        return Step(
            "test", "Test connection", "todo", "One call, then each scope that is needed.", "Test now"
        )
    words = "Every scope that is needed was granted."
    if at.missing:
        words = (
            f"Connected. {at.missing} scope{'s' if at.missing > 1 else ''} missing: what needs them is off."
        )
    return Step("test", "Test connection", "done", words, "Look again")


def _sync_step(at: Standing) -> Step:
    title = "First sync"
    if at.is_first_sync_done:
        return Step(
            "sync", title, "done", "Everything has arrived once; changes follow by themselves.", "Look again"
        )
    if at.open_runs:
        return Step("sync", title, "busy", "Running now.", "Watch")
    if at.failed:
        return Step("sync", title, "bad", f"{_listed(at.failed)} did not come through.", "See what to do")
    return Step("sync", title, "todo", "Starts at once, with its progress.", "Start the first sync")


def _listed(names: tuple[str, ...]) -> str:
    text = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return text[:1].upper() + text[1:]


def next_step(found: list[Step]) -> Step | None:
    """The first step that is not done; None once the merchant is live."""
    return next((step for step in found if step.state != "done"), None)


def standing(tenant: Tenant, connection: Connection | None) -> Standing:
    """Read it, in a fixed number of queries."""
    live = tenant.status == Tenant.Status.LIVE
    if connection is None:
        return Standing(live=live)
    rules = list(connection.rules.filter(enabled=True).values_list("pk", "entity", "synced_at", "failures"))
    left = [entity for _, entity, synced_at, _ in rules if synced_at is None]
    ever = any(synced_at for *_, synced_at, _ in rules if synced_at)
    batches = Run.objects.filter(rule__connection=connection).exclude(batch=None)
    return Standing(
        status=connection.status,
        problem=connection.problem,
        tested_at=connection.tested_at,
        missing=sum(not scope["granted"] for scope in connection.scopes),
        scope_chosen=connection.scope_chosen_at is not None or (ever and not left),
        rules_chosen=connection.rules_chosen_at is not None or (ever and not left),
        rules_on=len(rules),
        left=len(left),
        open_runs=Run.objects.filter(rule__connection=connection, state__in=Run.OPEN).count(),
        failed=tuple(in_words(entity) for _, entity, at, failures in rules if at is None and failures),
        batch=batches.values_list("batch", flat=True).first(),
        failures=RunFailure.objects.filter(
            ~Q(state=RunFailure.State.RESOLVED), rule__connection=connection
        ).count(),
        live=live,
        is_scoped=connection.is_scoped,
    )


def address(step: Step, tenant: Tenant, connection: Connection | None, at: Standing) -> str:
    """Where a step is done."""
    if step.name == "details":
        return reverse("admin:portal_tenant_change", args=[tenant.pk]) + "#tenant_form"
    if connection is None:
        return f"{reverse('admin:integrations_connection_add')}?tenant={tenant.pk}&system={FIRST_SYSTEM}"
    if step.name == "sync" and at.batch and step.state != "todo":
        return f"{reverse('admin:integrations_run_batch')}?batch={at.batch}"
    return reverse(f"admin:integrations_connection_{step.name}", args=[connection.pk])


def next_of(connection: Connection) -> dict[str, Any]:
    """The next step and its address, for the foot of a connection's pages; empty once the merchant is live."""
    at = standing(connection.tenant, connection)
    step = next_step(steps(at, connection.label))
    if step is None:
        return {}
    return {"next_step": step, "next_url": address(step, connection.tenant, connection, at)}


def panel(request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    """The card above a tenant's form: the checklist until the merchant is live, then how its connection fares."""
    access = access_of(request.user)
    others = {other.system: other for other in tenant.connections.exclude(system=FIRST_SYSTEM)}
    connection = tenant.connections.filter(system=FIRST_SYSTEM).first()
    if connection is not None:
        connection.tenant = tenant
    at = standing(tenant, connection)
    found = steps(at, CONNECTORS[FIRST_SYSTEM].label)
    following = next_step(found)
    return {
        "connection": connection,
        "standing": at,
        "rows": [
            {"step": step, "url": address(step, tenant, connection, at), "next": step is following,
             "open": (step.state != "todo" or step is following)
             and access.may(_NEEDED.get(step.name, Action.VIEW), tenant)}
            for step in found
        ],
        "done": sum(step.state == "done" for step in found),
        "may_configure": access.may(Action.CONFIGURE, tenant),
        "may_run": access.may(Action.RUN, tenant),
        "others": [(spec, others.get(name)) for name, spec in CONNECTORS.items() if name != FIRST_SYSTEM],
        "onboarding": tenant.status == Tenant.Status.ONBOARDING,
    }  # fmt: skip
