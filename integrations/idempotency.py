"""One effect for each idempotency key, and one answer.

The route: (asker, key, hash of the request) -> a row in the transaction of the effect -> the answer is kept with it.
Two at once: the second waits on the first one's row, then reads its answer. A worker that dies takes the row down with
the effect, so nothing is half done. What was refused had no effect and is not kept: corrected, it may come again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from integrations.models import KeptAnswer

KEPT = timedelta(days=3)
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write was answered. `replayed` is True where the effect is an earlier request's."""

    status: int
    body: str
    location: str = ""
    replayed: bool = False


class KeyReused(Exception):
    """The key belongs to another request."""


def hash_request(method: str, path: str, body: Any) -> str:
    """Two requests are the same when they ask the same of the same address, however their JSON is written."""
    written = orjson.dumps([method, path, body], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(written).hexdigest()


def once(asker: str, key: str, request_hash: str, act: Callable[[], Answer]) -> Answer:
    """Act, or give the answer that was given for this key. Raises KeyReused; what `act` raises undoes everything."""
    now = timezone.now()
    mine = KeptAnswer.objects.filter(asker=asker, key=key)
    with transaction.atomic():
        mine.filter(at__lt=now - KEPT).delete()
        row = KeptAnswer(asker=asker, key=key, request_hash=request_hash, at=now)
        KeptAnswer.objects.bulk_create([row], ignore_conflicts=True)
        kept = mine.select_for_update().get()
        if kept.status:  # others' rows are seen only once they are answered
            if kept.request_hash != request_hash:
                raise KeyReused
            return Answer(kept.status, kept.body, kept.location, replayed=True)
        answer = act()
        mine.update(status=answer.status, body=answer.body, location=answer.location)
        return answer


def answered(asker: str, key: str) -> Answer | None:
    """The answer that this key was given already."""
    kept = KeptAnswer.objects.filter(asker=asker, key=key).exclude(status=0).first()
    return None if kept is None else Answer(kept.status, kept.body, kept.location, replayed=True)
