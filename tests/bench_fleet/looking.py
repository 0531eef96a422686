"""Somebody who goes on opening the admin's lists while the clusters work."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Event, Thread

import requests
from django.urls import reverse

from portal.models import Role, RoleGrant, User
from tests.bench_admin import pages

LISTS = ("reconciliation_customer", "reconciliation_job", "reconciliation_invoice", "integrations_run")
PAUSE = 0.5
"""Seconds between two pages: a person who is quick."""


@contextmanager
def looked_at() -> Iterator[list[float]]:
    """The seconds that each page took, of a portal served by one gunicorn worker; the list grows."""
    RoleGrant.objects.create(user=User.objects.create_user("admin"), role=Role.PLATFORM_ADMIN)
    (browser,) = pages.sessions(["admin"]).values()
    paths = [reverse("admin:index"), *(reverse(f"admin:{name}_changelist") for name in LISTS)]
    seconds: list[float] = []
    over = Event()
    with pages.served() as url:
        for path in paths:
            browser.get(url + path, timeout=120).raise_for_status()
        looking = Thread(target=_look, args=(browser, [url + path for path in paths], seconds, over))
        looking.start()
        try:
            yield seconds
        finally:
            over.set()
            looking.join()


def _look(browser: requests.Session, addresses: list[str], seconds: list[float], over: Event) -> None:
    for address in cycle(addresses):
        if over.wait(PAUSE):
            return
        began = time.monotonic()
        browser.get(address, timeout=120).raise_for_status()
        seconds.append(time.monotonic() - began)
