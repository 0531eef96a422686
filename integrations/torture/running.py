"""One torture from beginning to end, on the database that the settings name: it must be a scratch one.

The route: sandbox and merchant -> first sync -> faults on -> edits and kills, interleaved by seed -> faults off, left
to come to rest -> some idle cycles -> verdict.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings

from integrations import connecting
from integrations.models import Connection, Delivery, Run, SyncRule
from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app, credentials
from integrations.torture.checking import Seen, Verdict, verdict
from integrations.torture.editing import Editor
from integrations.torture.hurry import LATE, hurry
from integrations.work import work
from portal.models import Partner, Tenant
from reconciliation.entities import ENTITIES
from reconciliation.models import Change, Conflict, Link

ENTITIES_TORTURED = ("customer", "location", "customer_contact", "job", "note", "appointment")
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
REST_SECONDS = 90.0
Say = Callable[[str], None]


class NoRest(Exception):
    """Deliveries were still under way long after the last edit: they are stuck."""


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


class Nursery:
    """Starts workers and kills them."""

    def __init__(self, host: str, *, protected: bool) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "integrations.torture.nursery",
                host,
                "protected" if protected else "unprotected",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": database_url()},
        )
        self._read()
        self.worker = 0
        self.born()

    def born(self) -> None:
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        self._process.stdin.write("fork\n")
        self._process.stdin.flush()
        self.worker = int(self._read())

    def kill(self) -> None:
        """As the kernel does it: at any instruction, with no word of warning."""
        with suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> str:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("The worker process could not be started.")
        return line


def database_url() -> str:
    """The database in use (a test's, for one), for a process of one's own."""
    found = settings.DATABASES["default"]
    if found["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{Path(str(found['NAME'])).resolve()}"
    login = f"{found['USER']}:{found['PASSWORD']}" if found["PASSWORD"] else found["USER"]
    return f"postgres://{login}@{found['HOST']}:{found['PORT'] or 5432}/{found['NAME']}"


def torture(
    seed: int, kills: int, edits: int, *, protected: bool = True, say: Say = lambda text: None
) -> Report:
    """Raises NoRest where it does not end."""
    began = time.monotonic()
    app = create_app(customers=12, seed=seed, rate=None, lag=0.0)
    with running(app) as url, in_a_hurry(url.removeprefix("http://"), protected=protected):
        connection = _merchant(app, url)
        first = _first_values(connection)
        app.control.calls.reset()
        nursery = Nursery(url.removeprefix("http://"), protected=protected)
        try:
            editor = Editor(connection.tenant_id, app.control, Random(seed))  # noqa: S311  # a seed must repeat
            app.control.faults(*FAULTS)
            _edits_and_kills(editor, nursery, kills, edits, say)
            app.control.faults()
            say("Left to come to rest …")
            _rest(connection)
            _idle(connection, app.control)
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


@contextmanager
def in_a_hurry(host: str, *, protected: bool) -> Iterator[None]:
    """This process's waits as short as the workers', and as they were afterwards."""
    from integrations import calls, leases
    from integrations.push import timing

    before = (settings.CUSTOM_API_HOSTS, leases.LEASE, calls.PATIENCE, timing.current(), timing.protected)
    hurry(host, protected=protected)
    try:
        yield
    finally:
        settings.CUSTOM_API_HOSTS, leases.LEASE, calls.PATIENCE, last, timing.protected = before
        timing.use(last)


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


def _edits_and_kills(editor: Editor, nursery: Nursery, kills: int, edits: int, say: Say) -> None:
    """Both in one random order; after each kill a new worker, which is given a random while to live."""
    order = ["edit"] * edits + ["kill"] * kills
    editor.random.shuffle(order)
    for number, step in enumerate(order):
        if step == "edit":
            editor.one()
            time.sleep(editor.random.uniform(0.0, 0.02))
        else:
            time.sleep(editor.random.uniform(0.05, 0.6))
            nursery.kill()
            nursery.born()
        if number % 50 == 49:
            say(f"{number + 1} of {len(order)} …")


def _rest(connection: Connection) -> None:
    """Until nothing is owed, and everything has been read once more after that."""
    until = time.monotonic() + REST_SECONDS
    stuck = Delivery.objects.filter(connection=connection, state__in=Delivery.OPEN)
    for _ in range(2):
        while stuck.exists():
            if time.monotonic() > until:
                rows = [f"{row}: {row.state} {row.reason} {row.message}" for row in stuck[:5]]
                raise NoRest("; ".join(rows))
            time.sleep(0.1)
        _cycle(connection, until)


def _cycle(connection: Connection, until: float) -> None:
    """Wait for a whole pull of every rule."""
    for rule in connection.rules.filter(enabled=True):
        last = Run.objects.filter(rule=rule).order_by("-id").values_list("id", flat=True).first() or 0
        fresh = Run.objects.filter(rule=rule, id__gt=last + 1, finished_at__isnull=False)
        while not fresh.exists() and time.monotonic() < until:
            time.sleep(0.1)


def _idle(connection: Connection, control: Any, cycles: int = 3) -> None:
    """Some cycles in which nobody edits: whatever is written in them is needless, and shows in the journal."""
    for _ in range(cycles):
        _cycle(connection, time.monotonic() + 30)


def _first_values(connection: Connection) -> dict[tuple[str, int, str], str]:
    found = {}
    for entity in ("customer", "location"):
        for record in ENTITIES[entity].objects.filter(tenant_id=connection.tenant_id):
            for name in ("name", "street"):
                found[entity, record.pk, name] = getattr(record, name)
    return found


def _seen(
    connection: Connection, control: Any, editor: Editor, first: dict[tuple[str, int, str], str]
) -> Seen:
    history = {key: [value] for key, value in first.items()}
    changes = Change.objects.filter(tenant_id=connection.tenant_id, entity__in=("customer", "location"))
    for change in changes.order_by("id"):
        for name, (before, after) in change.fields.items():
            if name in {"name", "street"}:
                history.setdefault((change.entity, change.record_id, name), [before]).append(after)
    links = {
        (f"{link.entity}s", int(link.external_id)): (link.entity, link.record_id or 0)
        for link in Link.objects.filter(
            source=connection.source, entity__in=("customer", "location"), state=Link.State.LIVE
        )
    }
    here, there = {}, {}
    for entity in ("customer", "location"):
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
        history,
        links,
        frozenset(overruled),
        here,
        there,
        editor.booked,
        editor.noted,
    )
