"""One torture from beginning to end, on the database that the settings name: it must be a scratch one.

The route: sandbox and merchant -> first sync -> faults on -> edits on both sides, through the API and on pages, and
kills of workers, web server and database connections, interleaved by seed -> faults off, left to come to rest -> what
waits for a person is settled on its page -> some idle cycles -> verdict.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.conf import settings
from django.test import Client

from integrations import connecting
from integrations.api import clients
from integrations.models import Connection, SyncRule
from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app, credentials
from integrations.torture.checking import Seen, Verdict, verdict
from integrations.torture.editing import Editor
from integrations.torture.history import Place, history, values_of
from integrations.torture.hurry import LATE
from integrations.torture.killing import Killer
from integrations.torture.resting import NoRest, Say, edits_and_kills, idle, rest
from integrations.torture.showing import agent, hidden
from integrations.torture.visiting import Visitor
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
    "html_502:0.02",
    "truncated_json:0.02",
    "cut_body:0.02",
    "empty_body:0.01,method=GET",
    "token_expired:0.02",
    "duplicate_rows:0.1,method=GET",
    "reordered_rows:0.2,method=GET",
    "repeated_page:0.1,path=export",
)
PAGE = 5
"""Rows of a page, few enough that rows changed in one moment do not fit on one."""
ROUNDS = 10
"""How often what waits for a person is settled before it counts as endless."""
TOKEN_LIFE = 20.0


@dataclass(slots=True)
class Report:
    """What was done, and the verdict on it. `killed` counts by what was killed; `unanswered` are requests to the web
    server that died or failed, each made again."""

    seed: int
    kills: int
    edits: int
    writes: int
    reads: int
    booked: int
    settled: int
    refused: int
    seconds: float
    verdict: Verdict
    protected: bool
    killed: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0


@dataclass(slots=True)
class World:
    """A merchant with its sandbox, its processes, somebody at its pages, and who edits both sides."""

    app: Any
    connection: Connection
    nursery: Nursery
    visitor: Visitor
    editor: Editor
    first: dict[Place, str]


def torture(
    seed: int, kills: int, edits: int, *, protected: bool = True, say: Say = lambda text: None
) -> Report:
    """Raises NoRest where it does not end."""
    began = time.monotonic()
    with opened(seed, protected=protected) as world:
        killer = Killer(world.nursery, Random(seed))  # noqa: S311  # a seed must repeat
        edits_and_kills(world.editor, killer.one, kills, edits, say)
        settled = come_to_rest(world, say)
        found = judged(world)
        journal = world.app.control.store.journal.entries
        return Report(
            seed, kills, edits,
            sum(entry.by == "api" and entry.kind != "read" for entry in journal),
            sum(entry.kind == "read" for entry in journal),
            len(world.editor.booked), settled, len(world.editor.refused),
            time.monotonic() - began, found, protected, dict(killer.killed), world.visitor.tries,
        )  # fmt: skip


@contextmanager
def opened(seed: int, *, protected: bool = True, hunting: str = "", times: int = 0) -> Iterator[World]:
    """A world whose faults are on. `hunting` and `times` as for a nursery."""
    app = create_app(customers=12, seed=seed, rate=None, lag=0.0, token_life=TOKEN_LIFE)
    app.control.feed_page = PAGE
    random = Random(seed)  # noqa: S311  # a seed must repeat
    with running(app) as url, in_a_hurry([url.removeprefix("http://")], protected=protected):
        connection = _merchant(app, url)
        first = values_of(connection.tenant_id, EDITED)
        app.control.calls.reset()
        nursery = Nursery(
            [url.removeprefix("http://")], protected=protected, web=True, hunting=hunting, times=times
        )
        try:
            with _somebody(connection, nursery.url, random) as visitor:
                editor = Editor(connection.tenant_id, app.control, random, visitor=visitor)
                app.control.faults(*FAULTS)
                yield World(app, connection, nursery, visitor, editor, first)
        except NoRest as error:
            raise NoRest(f"{error}\n{nursery.standing()}") from None
        finally:
            nursery.close()


def _somebody(connection: Connection, url: str, random: Random) -> Visitor:
    """A person who is logged in, with a token of the API."""
    _, token = clients.create(connection.tenant, "Website")
    browser = Client()
    browser.force_login(agent(connection.tenant))
    cookies = {name: cookie.value for name, cookie in browser.cookies.items()}
    return Visitor(url, token, cookies, Random(random.random()))  # noqa: S311  # a seed must repeat


def come_to_rest(world: World, say: Say, mend: Callable[[], object] = lambda: None) -> int:
    """Without faults, until nothing is owed and nothing waits for a person but what was refused. Returns how often
    somebody decided. `mend` is called meanwhile."""
    world.app.control.faults()
    say("Left to come to rest …")
    settled = 0
    for _ in range(ROUNDS):
        world.visitor.rest()
        rest([world.connection], asking=True)
        mend()
        if not (waiting := world.editor.settle(world.visitor)):
            break
        settled += waiting
    else:
        raise NoRest("Conflicts come up again and again.")
    idle([world.connection])
    return settled


def judged(world: World) -> Verdict:
    found = verdict(_seen(world.connection, world.app.control, world.editor, world.first))
    found.wrong += world.visitor.wrong
    found.hidden += hidden(world.visitor, world.connection.tenant, world.editor.refused)
    return found


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
    rules.filter(entity__in=ENTITIES_TORTURED).update(
        enabled=True, direction=SyncRule.Direction.BOTH, page_size=PAGE
    )
    rules.filter(entity__in=EDITED).update(policy=SyncRule.ConflictPolicy.ASK)
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
    conflicts = list(Conflict.objects.filter(tenant_id=connection.tenant_id))
    overruled = {
        (c.entity, c.record_id, c.field, str(c.portal_value))
        for c in conflicts
        if c.outcome != Conflict.Outcome.PORTAL
    }
    held = history(connection.tenant_id, EDITED, first)
    for one in conflicts:  # what a person saw there and decided against was seen
        held.setdefault((one.entity, one.record_id, one.field), []).append(str(one.remote_value))
    return Seen(
        list(control.store.journal.entries),
        editor.intents,
        editor.made,
        held,
        links,
        frozenset(overruled),
        here,
        there,
        editor.booked,
        editor.noted,
    )
