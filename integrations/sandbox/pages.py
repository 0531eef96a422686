"""The pages that a sandbox shows to people: one look for all of them."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from werkzeug.wrappers import Response

FOLDER = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class Look:
    """What one sandbox's pages differ in: where its style sheet and the real pages are, and the way that led here."""

    style: str
    where: str
    way: str = ""
    policy: str = POLICY

    def page(self, title: str, content: str, status: int = 200) -> Response:
        """`content` is HTML, `title` is text."""
        layout = Template((FOLDER / "layout.html").read_text())
        text = layout.substitute(
            title=escape(title), content=content, style=self.style, where=self.where, way=self.way
        )
        headers = {"Content-Security-Policy": self.policy, "Cache-Control": "no-store"}
        return Response(text, status, headers, content_type="text/html; charset=utf-8")


def style() -> Response:
    return Response((FOLDER / "style.css").read_bytes(), content_type="text/css; charset=utf-8")
