"""One line per log record: what it is about, and what looks like a credential taken out before any handler writes it.

A line has the id of the request that led to it, and of the run, rule, flow, connection and tenant that are worked on:
whoever takes up a piece of work says so once (`about`), and every line until its end, of its threads too, bears them.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from portal.middleware import request_id

HIDDEN = "[hidden]"

_NAMES = (
    r"client[_-]?secret|app[_-]?key|st-app-key|access[_-]?token|refresh[_-]?token|id[_-]?token|api[_-]?key|"
    r"secret[_-]?key|private[_-]?key|password|passwd|authorization|cookie|set-cookie|sessionid|csrfmiddlewaretoken|"
    r"field[_-]?keys?|client[_-]?assertion|signature"
)
_RULES = (
    # Bearer xyz, Basic xyz
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    # user:password@host in an address
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^/\s:@]*):[^@\s/]+@"), rf"\1:{HIDDEN}@"),
    # "client_secret": "xyz", client_secret=xyz, ST-App-Key: xyz
    (
        re.compile(
            rf"""(?ix)(["']?\b(?:{_NAMES})["']?\s*[:=]\s*)(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[hidden\]|[^\s,;&)\}}\]]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
    # Fernet tokens and JSON Web Tokens, wherever they stand
    (re.compile(r"\bgAAAAA[A-Za-z0-9_=-]{20,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), HIDDEN),
)


_ids: ContextVar[Mapping[str, int]] = ContextVar("ids", default={})  # noqa: B039 - replaced, never changed


@contextmanager
def about(**ids: int) -> Iterator[None]:
    """Every line until the end of the block bears these ids (`run_id=7`), beside those of the blocks around it.

    Threads do too, where a `portal.threads.Pool` runs them.
    """
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def redact(text: str) -> str:
    """`text` without credentials: by the name beside them, by their form, or by their place in an address."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def printable(line: str) -> str:
    """A line of JSON with every character escaped that is not seen as itself.

    JSON leaves some at which readers break lines (U+0085, U+2028), which terminals obey (U+009B) or by which they turn
    text round (U+202E), and halves of characters, which no file takes.
    """
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)


class RedactionFilter(logging.Filter):
    """Rewrites each record before it is formatted, its arguments and traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg, record.args = redact(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


class LineFormatter(logging.Formatter):
    """A record as one line of JSON; nothing in a message starts a second, forged line or steers a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_ids.get(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        if record.exc_text:
            line["trace"] = record.exc_text
        return printable(json.dumps(line, ensure_ascii=False))
