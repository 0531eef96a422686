"""Customers from a file that a person uploaded, taken in by a worker.

The route: bytes -> `upload`, a draft with the columns that were recognised -> `preview`, as often as the person
likes -> `start` -> a worker (`work`), page by page; each page's records and how far the import is are one
transaction, so that a worker that takes over goes on behind the last page, and counts nothing twice.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

from portal import audit
from portal.access import Action, access_of
from portal.models import Tenant, User
from reconciliation import background
from reconciliation.background import State, TakenOver
from reconciliation.import_files import BadFile, CustomerFile, Problem, Row, opened, take_all
from reconciliation.importing import SYSTEM, Line
from reconciliation.intake import PageResult
from reconciliation.lookup import known_links
from reconciliation.models import CustomerImport, Source
from reconciliation.phones import Phone, read_phone

SHOWN = 20
KEPT_PROBLEMS = 200
KEEP_DRAFTS = timedelta(days=1)


@dataclass(frozen=True)
class Preview:
    """One line as it would be stored. `phones` are each as it is written, and as it is read."""

    row: Row
    is_known: bool
    phones: list[tuple[str, Phone]]

    @property
    def line(self) -> Line | None:
        return self.row.line


def upload(tenant: Tenant, actor: User, name: str, content: bytes) -> CustomerImport:
    """Keep a file as a draft. Raises BadFile for one that is too large, or is no CSV."""
    if len(content) > most_bytes():
        raise too_large()
    file = CustomerFile(opened(content))
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    return CustomerImport.objects.create(
        tenant=tenant, actor=actor, name=name[:200], content=content, columns=file.columns,
        total=max(lines - 1, 0), state=State.DRAFT,
    )  # fmt: skip


def most_bytes() -> int:
    """The size of the largest file that is taken."""
    return int(settings.IMPORT_MAX_BYTES)


def too_large() -> BadFile:
    """What is said of a larger one."""
    return BadFile(
        f"The file is larger than {most_bytes() // 1_000_000} MB. Cut it into parts, or have it imported with"
        " manage.py import_customers."
    )


def file_of(row: CustomerImport) -> CustomerFile:
    """The file with the columns as they were chosen."""
    file = CustomerFile(opened(bytes(row.content)))
    file.columns = {field: at for field, at in row.columns.items() if at < len(file.names)}
    return file


def preview(row: CustomerImport) -> list[Preview]:
    """The first lines, as they would be stored."""
    file = file_of(row)
    rows = [] if file.lack else list(islice(file.rows(), SHOWN))
    source = Source.objects.filter(tenant=row.tenant, system=SYSTEM).first()
    ids = [found.line.id for found in rows if found.line]
    known = known_links(source, "customer", ids) if source and ids else {}
    return [_preview(found, known, row.tenant.phone_region) for found in rows]


def _preview(row: Row, known: Container[str], region: str) -> Preview:
    line = row.line
    if line is None:
        return Preview(row, False, [])
    written = [line.cells[name] for name in ("phone", "phone2") if line.cells[name]]
    return Preview(row, line.id in known, [(text, read_phone(text, region)) for text in written])


def start(row: CustomerImport) -> bool:
    """Have it taken in; False where it was started already."""
    if not CustomerImport.objects.filter(pk=row.pk, state=State.DRAFT).update(state=State.QUEUED):
        return False
    transaction.on_commit(partial(call_worker, row.pk))
    return True


def call_worker(pk: int) -> None:
    async_task("reconciliation.customer_imports.work", pk, save=False, timeout=background.TASK_SECONDS)


def resume(now: datetime) -> int:
    """Called each minute by the tick of the floor above: drafts that nobody came back to are removed, too."""
    old = CustomerImport.objects.filter(created_at__lt=now - KEEP_DRAFTS)
    old.filter(state=State.DRAFT).delete()
    old.filter(state=State.FAILED).exclude(content=b"").update(content=b"")
    return background.resume(CustomerImport, now, call_worker)


def work(pk: int) -> bool:
    """Take one file in. False where another worker holds it, it is over, or it could not be."""
    row = background.take(CustomerImport, pk)
    if row is None:
        return False
    if row.actor is None or not access_of(row.actor).may(Action.CONFIGURE, row.tenant):
        background.fail(row, "The role of whoever started it no longer allows imports for this tenant.")
        return False
    try:
        take_all(row.tenant, file_of(row), partial(_told, row), after=row.at)
        background.finish(row, content=b"", done=row.total)
    except TakenOver:
        return False
    except BadFile as error:
        background.fail(row, str(error))
        return False
    note = f"{row.created:,} new, {row.updated:,} changed, {row.refused:,} refused, from {row.name}"
    audit.record("customers.imported", row.tenant, actor=row.actor, note=note)
    return True


def _told(row: CustomerImport, page: PageResult, rows: list[Row], problems: list[Problem]) -> None:
    """A page was taken in: within its transaction, so that both are kept or neither."""
    kept = row.problems + [[p.line, p.key, p.words, p.refused] for p in problems]
    background.keep(
        row,
        at=rows[-1].number,
        done=min(row.done + len(rows), row.total),
        created=row.created + page.created,
        updated=row.updated + page.updated,
        unchanged=row.unchanged + page.unchanged,
        refused=row.refused + sum(problem.refused for problem in problems),
        problems=kept[:KEPT_PROBLEMS],
    )
