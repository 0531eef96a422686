"""Waking a worker as soon as something is owed, instead of at the next tick.

The route: a change owes a delivery (`push.owing`) -> at commit one task is queued for its connection, unless one waits
already -> the task takes its note away before it looks, so that whatever is committed later queues another.
A broker or a cache that is down costs the minute until the next tick and nothing else.
"""

import logging
from functools import partial

from django.core.cache import cache
from django.db import transaction
from django_q.tasks import async_task

log = logging.getLogger(__name__)

AT_MOST = 120
"""Seconds after which a note is forgotten whose task never came."""
_TASK = "integrations.tasks.wake_for"


def at_commit(connection_id: int) -> None:
    """Queue a wake for this connection once the transaction is committed."""
    transaction.on_commit(partial(_queue, connection_id), robust=True)


def answered(connection_id: int) -> None:
    """The task is at work: what is committed from now on needs another."""
    cache.delete(_note(connection_id))


def _queue(connection_id: int) -> None:
    try:
        if cache.add(_note(connection_id), True, timeout=AT_MOST):
            async_task(_TASK, connection_id, save=False)
    except Exception:  # whatever broker or cache raise: the next tick finds the same work
        log.warning(
            "No worker could be woken for connection %s; the next tick does", connection_id, exc_info=True
        )


def _note(connection_id: int) -> str:
    return f"wake:{connection_id}"
