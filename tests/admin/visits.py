"""A browser for the walk: it looks at every page for what must never stand there."""

import re
from html.parser import HTMLParser

from django.test import Client

FOREIGN = re.compile(r"elsewhere|outside partners", re.IGNORECASE)
"""Names of the other tenant and its partner, planted texts included; compare tests/conftest.py."""


class InlineCode(HTMLParser):
    """Collects what a strict Content-Security-Policy refuses: inline scripts, styles and handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        data = names.get("type") in ("application/json", "application/ld+json")
        self._script = tag == "script" and "src" not in names and not data
        if tag == "style":
            self.found.append("<style>")
        self.found += [f"<{tag} {name}=…>" for name in names if name == "style" or name.startswith("on")]
        self.found += [
            f"<{tag} {name}=javascript:>"
            for name, value in names.items()
            if name in ("href", "src", "action", "formaction") and (value or "").startswith("javascript:")
        ]

    def handle_data(self, data):
        if self._script and data.strip():
            self.found.append(f"<script>{data.strip()[:40]}")

    def handle_endtag(self, tag):
        self._script = False


def inline_code(html: str) -> list[str]:
    parser = InlineCode()
    parser.feed(html)
    return parser.found


class Visitor:
    """One person's browser. Reads each answer for foreign names, inline code and a missing policy."""

    def __init__(self, client: Client, name: str, forbidden: re.Pattern[str] | None = FOREIGN) -> None:
        self.client, self.name, self.forbidden = client, name, forbidden

    def get(self, url, **data):
        return self._read(url, self.client.get(url, data))

    def post(self, url, **data):
        return self._read(url, self.client.post(url, data))

    def _read(self, url, reply):
        body = b"".join(reply).decode(errors="replace")
        who = f"{self.name} at {url}"
        assert reply.status_code < 500, f"{who}: {reply.status_code}"
        assert "Content-Security-Policy" in reply.headers, f"{who}: no policy"
        if reply.headers.get("Content-Type", "").startswith("text/html"):
            assert not inline_code(body), f"{who}: {inline_code(body)}"
        if self.forbidden and reply.status_code == 200:
            leak = self.forbidden.search(body)
            assert not leak, f"{who} reads: …{body[max(0, leak.start() - 80) : leak.end() + 40]}…"
        reply.body = body
        return reply
