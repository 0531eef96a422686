"""Exports written in the background, each for one person, and removed after some days.

The route: a person's wish -> one `ExportFile` row -> a worker takes its lease -> rows into a temporary file, the row
telling how far it is -> renamed once it is whole -> done. A worker that dies leaves a lease that runs out; whoever
takes it next begins anew. `each_minute` is called by the tick of the floor above.
"""

import logging
import os
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, cast

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django_q.tasks import async_task

from portal.access import Action, access_of
from portal.models import Tenant, User
from reconciliation.exports import CannotNarrow, Export, Narrowing, prepared
from reconciliation.models import ExportFile
from reconciliation.models.export_files import expiry

log = logging.getLogger(__name__)

AT_ONCE = 20_000
"""So many rows are streamed while the person waits; more are written in the background."""
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
TASK_SECONDS = 3_600
"""What the queue allows one file: a million rows take some minutes."""
_SAVE_SECONDS = 1.0
_TEMPORARY = ".export-"
State = ExportFile.State
OPEN = (State.QUEUED, State.RUNNING)


class _TakenOver(Exception):
    """The row was removed, or another worker holds it."""


def start(
    actor: User, tenant: Tenant, entity: str, format: str, *, wanted: Narrowing, totals: bool, expected: int
) -> ExportFile:
    """Have a file written by a worker. `expected` is the number of rows, for its progress."""
    found = ExportFile.objects.create(
        actor=actor,
        tenant=tenant,
        entity=entity,
        format=format,
        wanted=wanted.stored(),
        totals=totals,
        rows_expected=expected,
    )
    transaction.on_commit(lambda: call_worker(found.pk))
    return found


def call_worker(pk: int) -> None:
    async_task("reconciliation.exports.files.work", pk, save=False, timeout=TASK_SECONDS)


def each_minute(now: datetime) -> None:
    """Keep the files going: call workers for what nobody works on, take away what is old."""
    work_on_exports(now)
    try:
        remove_expired(now)
    except OSError:
        log.exception("Old export files could not be removed")


def work_on_exports(now: datetime) -> int:
    """Call workers for files that nobody works on: their worker died, or was never there. Returns how many."""
    left = ExportFile.objects.filter(_free(now), state__in=OPEN, created_at__lt=now - LEASE)
    found = list(left.values_list("pk", flat=True))
    for pk in found:
        call_worker(pk)
    return len(found)


def remove_expired(now: datetime) -> int:
    """Take away files whose time is over, and whatever dead workers and removed rows left. Returns how many."""
    old = list(ExportFile.objects.filter(expires_at__lt=now).exclude(state__in=OPEN))
    for found in old:
        remove(found)
    known = {found.path.name for found in ExportFile.objects.all()}
    day_ago = (now - timedelta(days=1)).timestamp()
    for path in Path(settings.EXPORT_DIR).glob("*export-*"):
        if path.name.startswith(("export-", _TEMPORARY)) and path.name not in known:
            _remove_if_older(path, day_ago)
    return len(old)


def remove(found: ExportFile) -> None:
    """The file first: a row without its file can be removed again, a file without its row is found by the tick."""
    found.path.unlink(missing_ok=True)
    found.delete()


def work(pk: int) -> bool:
    """Write one file. False where another worker holds it, it is over, or it could not be written."""
    now = timezone.now()
    mine = ExportFile.objects.filter(_free(now), pk=pk, state__in=OPEN)
    if not mine.update(state=State.RUNNING, lease_until=now + LEASE, attempts=F("attempts") + 1, rows_done=0):
        return False
    found = ExportFile.objects.select_related("actor", "tenant").get(pk=pk)
    try:
        return _attempt(found)
    except _TakenOver:
        return False
    except (LookupError, CannotNarrow) as error:
        return _fail(found, str(error))
    except (OSError, DatabaseError):
        log.exception("Export file %s could not be written", found.pk)
        return _fail(
            found, "It could not be written: the disk or the database refused. Try it again in a while."
        )


def _attempt(found: ExportFile) -> bool:
    if found.attempts > MOST_ATTEMPTS:
        return _fail(found, f"It was begun {MOST_ATTEMPTS} times and its worker was stopped each time.")
    if not access_of(found.actor).may(Action.EXPORT, found.tenant):
        return _fail(found, "Your role no longer allows exports of this tenant.")
    wanted = Narrowing.of(found.wanted)
    _write(found, prepared(found.tenant, found.entity, found.format, wanted=wanted, totals=found.totals))
    return True


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=now)


def _write(found: ExportFile, taken: Export) -> None:
    """Into a temporary file beside the target; it takes the target's name once it is whole and on the disk."""
    _remove_temporary(found)
    handle, name = tempfile.mkstemp(dir=found.path.parent, prefix=f"{_TEMPORARY}{found.pk}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            _copy(found, taken, cast("IO[bytes]", stream))
            stream.flush()
            os.fsync(stream.fileno())
            size = stream.tell()
        _hold(found, rows_done=taken.rows)
        Path(name).chmod(0o640)
        Path(name).replace(found.path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _hold(
        found, state=State.DONE, rows_done=taken.rows, size=size, lease_until=None,
        finished_at=timezone.now(), expires_at=expiry(),
    )  # fmt: skip


def _copy(found: ExportFile, taken: Iterable[bytes], stream: IO[bytes]) -> None:
    saved = time.monotonic()
    for part in taken:
        stream.write(part)
        if time.monotonic() - saved >= _SAVE_SECONDS:
            _hold(found, rows_done=getattr(taken, "rows", 0))
            saved = time.monotonic()


def _hold(found: ExportFile, **values: object) -> None:
    """Write down how far it is and keep the lease; _TakenOver where it is no longer this worker's."""
    values = {"lease_until": timezone.now() + LEASE, **values}
    mine = ExportFile.objects.filter(pk=found.pk, state=State.RUNNING, attempts=found.attempts)
    if not mine.update(**values):
        raise _TakenOver


def _fail(found: ExportFile, words: str) -> bool:
    ExportFile.objects.filter(pk=found.pk, state=State.RUNNING, attempts=found.attempts).update(
        state=State.FAILED, error=words, lease_until=None, finished_at=timezone.now(), expires_at=expiry()
    )
    return False


def _remove_temporary(found: ExportFile) -> None:
    """What an earlier worker left when it was killed."""
    for path in found.path.parent.glob(f"{_TEMPORARY}{found.pk}-*"):
        path.unlink(missing_ok=True)


def _remove_if_older(path: Path, moment: float) -> None:
    try:
        if path.stat().st_mtime < moment:
            path.unlink()
    except FileNotFoundError:
        return  # somebody else was quicker
