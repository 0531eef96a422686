"""How often one may guess: counted in the database, because a cache forgets when an attacker fills it.

A guess is taken before it is looked at and given back when it was right. So at most `tries` wrong ones are ever looked at
within any `seconds`, whoever makes them and from wherever. A name that nobody has is counted like any other.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.entrance.device import device_of
from portal.models import LogInTries, User
from portal.retention import Kept, register_retention

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Counter:
    """`tries` wrong guesses within any `seconds`; what is guessed at is `name`, of a `kind`."""

    kind: str
    name: str
    tries: int
    seconds: int = HOUR

    @property
    def key(self) -> str:
        return sha256(f"{self.kind}:{self.name}".encode()).hexdigest()


def account(username: str) -> Counter:
    return Counter("account", username.lower()[:150], 10)


def factor(user: User) -> Counter:
    return Counter("factor", str(user.pk), 10)


def address(request: HttpRequest) -> Counter:
    """IPv6 by its /64, which is one line's."""
    text = request.META.get("REMOTE_ADDR", "")
    try:
        found = ip_address(text)
    except ValueError:
        return Counter("address", text[:60], 100)
    if isinstance(found, IPv6Address):
        text = str(IPv6Address(int(found) >> 64 << 64))
    return Counter("address", text, 100)


def at_password(request: HttpRequest, username: str) -> list[Counter]:
    """A device on which this person has logged in before has a count of its own: nobody else can use that up."""
    device = device_of(request, username)
    return [Counter("device", device, 10) if device else account(username), address(request)]


def at_factor(request: HttpRequest, user: User) -> list[Counter]:
    return [factor(user), address(request)]


def is_open(counters: Sequence[Counter]) -> bool:
    """May one more guess be looked at?"""
    found = {row.key: row.times for row in LogInTries.objects.filter(key__in=[c.key for c in counters])}
    return all(len(_lately(found.get(c.key, []), c)) < c.tries for c in counters)


def take(counters: Sequence[Counter]) -> bool:
    """Take a guess of each; False where one has none left, and then nothing is written."""
    if not is_open(counters):
        return False
    with transaction.atomic():
        rows = [_locked(counter) for counter in sorted(counters, key=lambda c: c.key)]
        for row, counter in rows:
            row.times = _lately(row.times, counter)
            if len(row.times) >= counter.tries:
                return False
        for row, _ in rows:
            row.times, row.last_at = [*row.times, time.time()], timezone.now()
            row.save()
    return True


def give_back(counters: Sequence[Counter]) -> None:
    """It was right: the last one of each does not count. Earlier ones still do."""
    with transaction.atomic():
        for row in (
            LogInTries.objects.select_for_update().filter(key__in=[c.key for c in counters]).order_by("key")
        ):
            row.times = row.times[:-1]
            row.save()


def unlock(user: User) -> None:
    """Let this person try again at once."""
    LogInTries.objects.filter(key__in=[account(user.username).key, factor(user).key]).delete()


def is_locked(user: User) -> bool:
    return not is_open([account(user.username)]) or not is_open([factor(user)])


def _locked(counter: Counter) -> tuple[LogInTries, Counter]:
    LogInTries.objects.get_or_create(key=counter.key, defaults={"last_at": timezone.now()})
    return LogInTries.objects.select_for_update().get(key=counter.key), counter


def _lately(times: list[float], counter: Counter) -> list[float]:
    return [at for at in times if at > time.time() - counter.seconds]


register_retention(
    Kept(
        LogInTries,
        1,
        "wrong guesses at log-ins",
        lambda before: LogInTries.objects.filter(last_at__lt=before - timedelta(hours=1)),
    )
)
