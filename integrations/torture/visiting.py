"""Somebody at the portal's web server while it is killed: books through the API and settles conflicts on their pages.

The route: wishes, in order -> a thread of their own -> the API or a page -> the same again until it is answered. A
booking goes under its key each time; a form that got no answer is fetched anew, as a person would.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from queue import Queue
from random import Random
from threading import Thread
from typing import Any

import requests

PATIENCE = 60.0
ANSWER = 10.0
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass(slots=True)
class Visitor:
    """`cookies` are those of a person who is logged in, `token` an API client's. `wrong` tells what was answered
    otherwise than it should have been; `tries` counts what got no answer."""

    url: str
    token: str
    cookies: Mapping[str, str]
    random: Random
    wrong: list[str] = field(default_factory=list)
    tries: int = 0
    answered: int = 0
    _wishes: "Queue[Any]" = field(default_factory=Queue)
    _thread: Thread | None = None

    def __enter__(self) -> "Visitor":
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._wishes.put(None)
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def book(self, key: str, body: Mapping[str, Any]) -> None:
        self._wishes.put(("book", key, body))

    def settle(self, path: str, button: str) -> None:
        self._wishes.put(("settle", path, button))

    def rest(self) -> None:
        """Wait until every wish was answered."""
        self._wishes.join()

    def page(self, path: str) -> str:
        """A page as the person sees it, asked for until it is answered."""
        return self._until_answered("GET", path, cookies=dict(self.cookies)).text

    def _live(self) -> None:
        while (wish := self._wishes.get()) is not None:
            try:
                (self._book if wish[0] == "book" else self._settle)(*wish[1:])
            except Exception as error:
                self.wrong.append(f"{wish[:2]}: {type(error).__name__}: {error}")
            finally:
                self._wishes.task_done()
        self._wishes.task_done()

    def _book(self, key: str, body: Mapping[str, Any]) -> None:
        """Sometimes twice, as by a double click."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        replies = [
            self._until_answered("POST", "/api/v1/jobs", json=body, headers=headers)
            for _ in range(self.random.choice([1, 1, 2]))
        ]
        self.answered += len(replies)
        if any(reply.status_code != 201 for reply in replies):
            self.wrong.append(f"{key}: {replies[0].status_code} {replies[0].text[:200]}")
        elif len({reply.json()["id"] for reply in replies}) > 1:
            self.wrong.append(f"{key}: booked more than once")

    def _settle(self, path: str, button: str) -> None:
        """What is seen is what is settled: a page that moved on meanwhile is left for another time."""
        seen = self.page(path)
        form = {name: unescape(value) for name, value in _HIDDEN.findall(seen)}
        if f"field-{path.strip('/').split('/')[-2]}" in form:
            cookies = {**self.cookies, "csrftoken": form["csrfmiddlewaretoken"]}
            self._once("POST", path, data={**form, "settle": button}, cookies=cookies, allow_redirects=False)
        self.answered += 1

    def _until_answered(self, method: str, path: str, **sent: Any) -> requests.Response:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            reply = self._once(method, path, **sent)
            if reply is not None:
                return reply
            time.sleep(0.05)
        raise TimeoutError(f"{method} {path} was not answered in {PATIENCE:.0f} s")

    def _once(self, method: str, path: str, **sent: Any) -> requests.Response | None:
        """None where the server died over it, or failed as one does whose database is gone."""
        try:
            reply = requests.request(method, f"{self.url}{path}", timeout=ANSWER, **sent)
        except requests.RequestException:
            self.tries += 1
            return None
        if reply.status_code >= 500:
            self.tries += 1
            return None
        return reply
