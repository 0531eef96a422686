"""Rows that a remote system spoils in ten thousand ways: none stops its page, and each can be seen afterwards."""

import copy
import json
import random
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.test import run_wsgi_app

from integrations.models import Run, RunFailure
from integrations.sandbox.server import running
from integrations.sandbox.servicetitan import create_app
from tests.attacks.counts import scaled
from tests.attacks.nasty import NASTY
from tests.integrations.syncs import sync_all

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ODD: tuple[Any, ...] = (
    None, "", [], {}, True, False, -1, 0, 1e308, -1e308, 2**63, 2**70, 10**400, 0.1 + 0.2, float("nan"), float("inf"),
    "\ud83d", "\x00", "x" * 70_000, "2026-13-45T99:99:99Z", "0000-00-00", "9999-12-31T23:59:59Z", "-5", "1e9", [None],
    [[[]]], {"id": {}}, [{"id": None}], [1, "x", None, {}], {"": ""}, "true", "null",
)  # fmt: skip
INSTEAD_OF_A_ROW = (
    None,
    [],
    {},
    "x",
    7,
    True,
    [[]],
    {"id": None},
    {"id": {}},
    {"id": "x" * 200},
    {"id": []},
    {"id": "\x00"},
)


class Spoiler:
    """A WSGI application in front of another: what it answers as lists has its rows spoilt."""

    def __init__(self, app: Any, seed: int) -> None:
        self.app, self.draw, self.on = app, random.Random(seed), False
        self.spoilt = self.served = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        body, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        content = b"".join(body)
        if self.on and environ["REQUEST_METHOD"] == "GET" and status.startswith("200"):
            content = self.changed(content)
            headers["Content-Length"] = str(len(content))
        start_response(status, list(headers))
        return [content]

    def changed(self, content: bytes) -> bytes:
        try:
            page = json.loads(content)
        except ValueError:
            return content
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            return content
        self.served += len(page["data"])
        page["data"] = [self.row(row) if self.draw.random() < 0.7 else row for row in page["data"]]
        return json.dumps(page).encode()  # escapes keep what UTF-8 cannot hold, as many a server's do

    def row(self, row: Any) -> Any:
        self.spoilt += 1
        if self.draw.random() < 0.04:
            return self.draw.choice(INSTEAD_OF_A_ROW)
        found = copy.deepcopy(row)
        for _ in range(self.draw.choice((1, 1, 1, 2, 5))):
            self.spoil(found)
        return found

    def spoil(self, place: Any) -> None:
        """Change one member, however deep it lies."""
        while isinstance(place, (dict, list)) and place:
            name = self.draw.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if isinstance(place[name], (dict, list)) and place[name] and self.draw.random() < 0.6:
                place = place[name]
                continue
            act = self.draw.random()
            if act < 0.15 and isinstance(place, dict):
                del place[name]
            elif act < 0.3:
                place[name] = str(place[name])
            elif act < 0.4:
                place[name] = [place[name]]
            else:
                place[name] = self.draw.choice((*ODD, *NASTY))
            return


def test_no_spoilt_row_stops_its_page_and_each_is_visible(tenant, settings, connect_to, impatient, count):
    wanted, seen = scaled(400, 10_000), 0
    app = create_app(customers=scaled(25, 250), seed=11, rate=None, lag=0.0)
    front = Spoiler(app, seed=5)
    with running(front) as url:
        settings.CUSTOM_API_HOSTS = [url.removeprefix("http://")]
        connection = connect_to(tenant, SimpleNamespace(app=app, control=app.control, url=url))
        front.on = True
        while front.spoilt < wanted:
            before = front.spoilt
            runs = sync_all(connection)
            stopped = {
                name: f"{run.state} {run.error} {run.error_details}"
                for name, run in runs.items()
                if run.state not in ("completed", "with_errors")
            }
            assert not stopped
            for run in runs.values():
                assert run.adds_up, f"{run}: rows were read that nobody accounts for"
                seen += run.failed
                assert RunFailure.objects.filter(run=run).count() >= min(run.failed, 1)
            app.control.touch("customers", 10_000)
            app.control.touch("jobs", 10_000)
            app.control.touch("invoices", 10_000)
            assert front.spoilt > before, "nothing more was read"
    assert not Run.objects.filter(error_who="our_bug").exists()
    assert RunFailure.objects.exclude(message="").exists()
    count(
        "X3",
        "rows spoilt by a remote system, into the pull",
        front.spoilt,
        "stopped a page or unaccounted for",
    )
    count("X3", "rows among them shown as failed records", seen, "lost")
