"""One torture from beginning to end, on the database that the settings name: it must be a scratch one.

The route: sandbox and merchant -> first sync -> faults on -> edits and kills, interleaved by seed -> faults off, left
to come to rest -> some idle cycles -> verdict.
"""

import time
from dataclasses import dataclass
from random import Random
from typing import Any

from django.conf import settings

from integrations import connecting
from integrations.models import Connection, SyncRule
from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app, credentials
from integrations.torture.checking import Seen, Verdict, verdict
from integrations.torture.editing import Editor
from integrations.torture.history import Place, history, values_of
from integrations.torture.hurry import LATE
from integrations.torture.resting import Say, edits_and_kills, idle, rest
from integrations.torture.workers import Nursery, in_a_hurry
from integrations.work import work
from portal.models import Partner, Tenant
from reconciliation.entities import ENTITIES
from reconciliation.models import Conflict, Link

ENTITIES_TORTURED = ("customer", "location", "customer_contact", "job", "note", "appointment")
EDITED = ("customer", "location")
LISTS = ("business_unit", "job_type", "campaign")
"""Read once: what jobs refer to."""
FAULTS = (
    "lost_reply:0.35,method=POST",
    "lost_reply:0.06,method=PATCH",
    "late_error:0.15,method=POST",
    "late_error:0.04,method=PATCH",
    "reset:0.03",
    "server_error:0.03",
    f"slow:0.15,argument={LATE / 2}",
    "rate_limited:0.005",
)


@dataclass(slots=True)
class Report:
    """What was done, and the verdict on it."""

    seed: int
    kills: int
    edits: int
    writes: int
    reads: int
    seconds: float
    verdict: Verdict
    protected: bool


def torture(
    seed: int, kills: int, edits: int, *, protected: bool = True, say: Say = lambda text: None
) -> Report:
    """Raises NoRest where it does not end."""
    began = time.monotonic()
    app = create_app(customers=12, seed=seed, rate=None, lag=0.0)
    with running(app) as url, in_a_hurry([url.removeprefix("http://")], protected=protected):
        connection = _merchant(app, url)
        first = values_of(connection.tenant_id, EDITED)
        app.control.calls.reset()
        nursery = Nursery([url.removeprefix("http://")], protected=protected)
        try:
            editor = Editor(connection.tenant_id, app.control, Random(seed))  # noqa: S311  # a seed must repeat
            app.control.faults(*FAULTS)
            edits_and_kills(editor, nursery, kills, edits, say)
            app.control.faults()
            say("Left to come to rest …")
            rest([connection])
            idle([connection])
        finally:
            nursery.close()
        found = verdict(_seen(connection, app.control, editor, first))
        journal = app.control.store.journal.entries
        return Report(
            seed, kills, edits,
            sum(entry.by == "api" and entry.kind != "read" for entry in journal),
            sum(entry.kind == "read" for entry in journal),
            time.monotonic() - began, found, protected,
        )  # fmt: skip


def _merchant(app: Any, url: str) -> Connection:
    partner, _ = Partner.objects.get_or_create(slug="torture", defaults={"name": "Torture"})
    tenant = Tenant.objects.create(partner=partner, name="Torture", slug=f"torture-{time.time_ns()}")
    connection = connecting.save_credentials(
        tenant,
        "servicetitan",
        {name: str(value) for name, value in credentials(app).items()},
        environment="custom",
        api_url=url,
        auth_url=url,
        allowed_hosts=settings.CUSTOM_API_HOSTS,
    )
    connecting.test(connection)
    rules = connection.rules
    for name in LISTS:
        work(rules.get(entity=name).pk)
    rules.exclude(entity__in=ENTITIES_TORTURED).update(enabled=False)
    rules.filter(entity__in=ENTITIES_TORTURED).update(enabled=True, direction=SyncRule.Direction.BOTH)
    for name in ENTITIES_TORTURED:
        work(rules.get(entity=name).pk)
    return connection


def _seen(connection: Connection, control: Any, editor: Editor, first: dict[Place, str]) -> Seen:
    links = {
        (f"{link.entity}s", int(link.external_id)): (link.entity, link.record_id or 0)
        for link in Link.objects.filter(source=connection.source, entity__in=EDITED, state=Link.State.LIVE)
    }
    here, there = {}, {}
    for entity in EDITED:
        for record in ENTITIES[entity].objects.filter(tenant_id=connection.tenant_id, active=True):
            here[entity, record.pk] = {"name": record.name, "street": record.street}
    for (table, row_id), key in links.items():
        row = control.row(table, row_id)
        if key in here:
            there[key] = {"name": row["name"], "street": row["address"]["street"]}
    conflicts = Conflict.objects.filter(tenant_id=connection.tenant_id).exclude(
        outcome=Conflict.Outcome.PORTAL
    )
    overruled = {(c.entity, c.record_id, c.field, str(c.portal_value)) for c in conflicts}
    return Seen(
        list(control.store.journal.entries),
        editor.intents,
        editor.made,
        history(connection.tenant_id, EDITED, first),
        links,
        frozenset(overruled),
        here,
        there,
        editor.booked,
        editor.noted,
    )
