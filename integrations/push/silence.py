"""A system that does not answer: its connection waits as a whole, and is shown as down where that lasts.

The only writer of a connection's outbox.
"""

import random
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from integrations.connectors.errors import RemoteError, Who
from integrations.models import Connection, Outbox
from integrations.push import timing

DOWN = "Writes wait: "
"""How a connection's problem begins that the outbox has put there."""


def answered(connection: Connection) -> None:
    """The system answers: what made the connection wait is over."""
    if not Outbox.objects.filter(connection=connection, silences__gt=0).exists():
        return
    Outbox.objects.filter(connection=connection).update(silences=0, hold_until=None, down_since=None)
    Connection.objects.filter(pk=connection.pk, problem__startswith=DOWN).update(
        problem="", problem_who="", problem_at=None, health=Connection.Health.HEALTHY
    )


def broken(connection_id: int) -> None:
    """It said no, which is an answer: the next silence is the first again."""
    Outbox.objects.filter(connection_id=connection_id, silences__gt=0).update(silences=0)


def hold(connection: Connection, error: RemoteError, *, counts: bool) -> datetime:
    """Let nobody write there until the time returned: longer with each silence, with some chance in it."""
    now = timezone.now()
    outbox, _ = Outbox.objects.get_or_create(connection=connection)
    silences = outbox.silences + 1
    wait = timing.current().wait(silences) * random.uniform(0.75, 1.25)  # noqa: S311  # spreads workers
    if error.retry_after is not None:
        wait = timedelta(seconds=error.retry_after)
    elif not counts:
        wait = timedelta(seconds=timing.current().first_wait)
    Outbox.objects.filter(pk=outbox.pk).update(
        hold_until=now + wait, **({"silences": F("silences") + 1} if counts else {})
    )
    if counts and silences >= timing.current().down_after:
        _down(connection, outbox, error, now)
    return now + wait


def is_down(connection_id: int) -> bool:
    """Whether the whole system has not answered for long."""
    return Outbox.objects.filter(connection_id=connection_id, down_since__isnull=False).exists()


def _down(connection: Connection, outbox: Outbox, error: RemoteError, now: datetime) -> None:
    if outbox.down_since is None:
        Outbox.objects.filter(pk=outbox.pk).update(down_since=now)
    Connection.objects.filter(pk=connection.pk, problem="").update(
        problem=f"{DOWN}{connection.label} does not answer. {error.message}",
        problem_who=Who.RETRY_LATER,
        problem_at=now,
        health=Connection.Health.DEGRADED,
    )
