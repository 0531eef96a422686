"""S24: whatever comes from outside, a log record stays one line and steers no terminal."""

import base64
import io
import json
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from gunicorn.config import Config

from integrations import work
from integrations.management.printing import table
from integrations.models import Run, WebhookAddress
from portal.logs import LineFormatter, RedactionFilter
from portal.weblog import LineLogger
from tests.attacks.nasty import NASTY
from tests.leaks import KeptLog

FORGED = '{"level": "INFO", "message": "forged"}'
BREAKS = ("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
STEERING = (
    "\x1b[2J", "\x1b]0;title\x07", "\x1b[1A\x1b[2K", "\x9b2J", "\x9d0;title\x9c", "\x90q\x9c", "\x08" * 9, "\x7f",
    "\x00", "\u202e", "\u2066", "\ud800",
)  # fmt: skip
TEXTS = (*(f"a{mark}{FORGED}" for mark in (*BREAKS, *STEERING)), *NASTY)


def spoilt(text):
    """Characters of a log that begin a line or steer what shows it, but the end of each record's own line."""
    return [char for char in text if char != "\n" and not char.isprintable()]


def lines(text):
    """Each line is one record, as JSON; nothing else is there."""
    assert not spoilt(text)
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    assert text.split("\n")[-1:] == [""]
    assert all(set(line) >= {"at", "level", "logger", "message"} for line in found), "a line was forged"
    return found


class Kept(KeptLog):
    """And how many records there were. Nobody else hears them: no report of a test could hold what is tried here."""

    records = 0

    def __enter__(self):
        self.root = logging.getLogger()
        self.others, self.root.handlers = self.root.handlers, []
        text = super().__enter__()
        self.handler.addFilter(self.note)
        return text

    def __exit__(self, *error):
        super().__exit__(*error)
        self.root.handlers = self.others

    def note(self, record):
        self.records += 1
        return True


def test_a_record_is_one_line_whatever_its_text_arguments_error_or_name_hold(count):
    tried = 0
    for text in TEXTS:
        for way in (
            lambda log, text: log.warning("said %s", text),
            lambda log, text: log.error(text),
            lambda log, text: log.error("failed", exc_info=ValueError(text)),
            lambda log, text: log.warning("%(name)s", {"name": text}),
            lambda log, text: logging.getLogger(f"portal.{text}").warning("x"),
        ):
            with Kept() as kept:
                way(logging.getLogger("portal.attacked"), text)
            assert len(lines(kept.getvalue())) == 1
            kept.getvalue().encode()
            tried += 1
    count("S24", "log records with line breaks and orders to terminals", tried, "second lines")


@pytest.mark.django_db
def test_what_callers_send_makes_no_line_of_its_own(connection, settings, count):
    address, _ = WebhookAddress.objects.get_or_create(connection=connection)
    tried, log = 0, Kept()
    with log as kept:
        for text in TEXTS:
            plain = text.encode("utf-8", "replace").decode("latin-1")
            browser = Client(
                headers={"User-Agent": plain, "X-Request-Id": plain, "Referer": plain, "Accept": plain}
            )
            browser.post("/accounts/login/", {"login": text.replace("\ud800", ""), "password": "x"})
            browser.post(
                f"/webhooks/servicetitan/{address.token}", plain.encode(), "application/json",
                headers={"x-servicetitan-event": plain, "x-servicetitan-signature": plain},
            )  # fmt: skip
            browser.get(
                "/api/v1/jobs", headers={"Authorization": f"Bearer {plain}", "Idempotency-Key": plain}
            )
            browser.get(f"/{plain.strip('/') or 'x'}/%0a%0d%1b[2J")
            browser.get("/admin/login/", headers={"Host": plain})
            tried += 5
    assert log.records
    assert len(lines(kept.getvalue())) == log.records
    count("S24", "calls with line breaks and orders to terminals", tried, "second lines")


@pytest.mark.django_db
def test_an_error_that_quotes_a_remote_system_makes_no_line_of_its_own(connection, count):
    rule, log = connection.rules.filter(enabled=True).earliest("pk"), Kept()
    texts = [
        text.replace("\x00", "").replace("\ud800", "") for text in TEXTS
    ]  # as `HttpClient` hands them on
    with log as kept:
        for text in texts:
            work._own_failure(Run.objects.create(rule=rule, state=Run.State.RUNNING), ValueError(text))
    assert sum(line["level"] == "ERROR" for line in lines(kept.getvalue())) == len(texts)
    assert len(lines(kept.getvalue())) == log.records
    assert len(table(["error"], [[text] for text in texts]).splitlines()) == len(texts) + 2, (
        "and no row of a command"
    )
    count("S24", "errors with line breaks and orders to terminals", len(texts), "second lines")


def access_line(logger, text):
    """What the web server writes of one call, as its workers have it."""
    plain = text.encode("utf-8", "replace").decode("latin-1")
    user = base64.b64encode(f"{text}:x".encode("utf-8", "replace")).decode()
    environ = {
        "REQUEST_METHOD": "GET", "RAW_URI": f"/{plain}", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": f"/{plain}",
        "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": f"Basic {user}", "HTTP_USER_AGENT": plain,
        "HTTP_REFERER": plain,
    }  # fmt: skip
    reply = SimpleNamespace(status="200 OK", sent=3, headers=[("X", plain)])
    logger.access(reply, SimpleNamespace(headers=[("X", plain)]), environ, timedelta(seconds=1))


def test_the_web_servers_own_log_stays_one_line_for_each_call(count):
    config = Config()
    config.set("accesslog", "-")
    logger = LineLogger(config)
    text = io.StringIO()
    for log in (logger.access_log, logger.error_log):
        assert all(isinstance(handler.formatter, LineFormatter) for handler in log.handlers)
        assert all(any(isinstance(f, RedactionFilter) for f in handler.filters) for handler in log.handlers)
        log.handlers[0].setStream(text)
    for one in TEXTS:
        access_line(logger, one)
        logger.error("Invalid request from ip=%s: %s", "127.0.0.1", one)
    assert len(lines(text.getvalue())) == 2 * len(TEXTS)
    count("S24", "lines of the web server's own log", 2 * len(TEXTS), "second lines")
