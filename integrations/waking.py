"""Waking a worker as soon as something is owed, instead of at the next tick.

The route: a change owes a delivery (`push.owing`) or work to a flow (`flows.owing`) -> at commit one task is queued for
its connection or its tenant, unless one waits already -> the task takes its note away before it looks, so that
whatever is committed later queues another.
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
_FLOWS = "integrations.tasks.work_on_flows"


def at_commit(connection_id: int) -> None:
    """Queue a wake for this connection once the transaction is committed."""
    transaction.on_commit(partial(_queue, _TASK, connection_id), robust=True)


def for_flows_at_commit(tenant_id: int) -> None:
    """Queue a look at this tenant's flows once the transaction is committed."""
    transaction.on_commit(partial(_queue, _FLOWS, tenant_id), robust=True)


def answered(connection_id: int) -> None:
    """The task is at work: what is committed from now on needs another."""
    cache.delete(_note(_TASK, connection_id))


def answered_for_flows(tenant_id: int) -> None:
    """As `answered`, of a tenant's flows."""
    cache.delete(_note(_FLOWS, tenant_id))


def _queue(task: str, number: int) -> None:
    try:
        if cache.add(_note(task, number), True, timeout=AT_MOST):
            async_task(task, number, save=False)
    except Exception:  # whatever broker or cache raise: the next tick finds the same work
        log.warning("No worker could be woken by %s %s; the next tick does", task, number, exc_info=True)


def _note(task: str, number: int) -> str:
    return f"wake:{task.rpartition('.')[2]}:{number}"
