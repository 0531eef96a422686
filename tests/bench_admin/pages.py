"""Which pages are opened, and how long each takes: by people with a session, from one gunicorn worker of one thread."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import requests

from tests.bench.server import ROOT

PEOPLE = ("admin", "staff", "support")


@dataclass(frozen=True)
class Figure:
    """Milliseconds of one page, for the person for whom it took longest, and that person's share of bad answers."""

    page: str
    person: str
    median: float
    p95: float
    status: int


def addresses() -> dict[str, str]:
    """Every list of the admin, and what people do with the large ones; a page's name and its address."""
    from django.contrib import admin
    from django.urls import reverse

    found = {"home": reverse("admin:index")}
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        found[f"list of {model._meta.verbose_name_plural}"] = reverse(f"admin:{label}_changelist")
    customers = found["list of customers"]
    jobs = found["list of jobs"]
    for name, query in {
        "by name": "q=hugo+kerr", "by part of a name": "q=errel", "by phone": "q=5120001234",
        "by address": "q=1234+maple", "by number": "q=100500", "page 2": "p=2", "by merchant": "tenant__id__exact=1",
    }.items():  # fmt: skip
        found[f"customers {name}"] = f"{customers}?{query}"
    for name, query in {
        "by number": "q=1234567", "by customer": "q=hugo+kerr+10", "page 2": "p=2", "oldest first": "o=1",
        "by merchant": "tenant__id__exact=1",
    }.items():  # fmt: skip
        found[f"jobs {name}"] = f"{jobs}?{query}"
    for name, address in (("customer", customers), ("job", jobs)):
        found[f"a {name}"] = f"{address}1/change/"
        found[f"a {name}'s history"] = f"{address}1/history/"
    found["a location"] = found["list of locations"] + "1/change/"
    return found


def sessions(people: Sequence[str]) -> dict[str, requests.Session]:
    """A browser for each of these people, logged in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from portal.models import User

    store = import_module(settings.SESSION_ENGINE)
    found = {}
    for name in people:
        user = User.objects.get(username=name)
        session = store.SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        found[name] = requests.Session()
        found[name].cookies.set(settings.SESSION_COOKIE_NAME, session.session_key)
    return found


@contextmanager
def served() -> Iterator[str]:
    """The portal by one gunicorn worker; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "portal.wsgi",
        "--workers",
        "1",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            requests.get(f"{url}/healthz", timeout=60)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError("The web server did not start.")


def measured(times: int, people: Sequence[str] = PEOPLE) -> list[Figure]:
    """Each page by each of these people, so many times; the one for whom it took longest is told."""
    found = []
    browsers = sessions(people)
    with served() as url:
        for page, address in addresses().items():
            found.append(
                max(
                    (_timed(page, url + address, *who, times) for who in browsers.items()),
                    key=lambda f: f.p95,
                )
            )
    return sorted(found, key=lambda figure: -figure.p95)


def _timed(page: str, url: str, person: str, session: requests.Session, times: int) -> Figure:
    took = []
    for _ in range(times + 1):
        began = time.perf_counter()
        status = session.get(url, timeout=120).status_code
        took.append(1000 * (time.perf_counter() - began))
    took = took[1:]  # the first one fills caches
    return Figure(page, person, statistics.median(took), statistics.quantiles(took, n=20)[-1], status)
