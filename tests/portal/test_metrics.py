"""The page that Prometheus reads: for whoever knows the token, in the text format."""

import json
import re
from pathlib import Path

import pytest
from django.utils import timezone

from portal import audit, metrics, verifying
from portal.metrics import Gauge

pytestmark = pytest.mark.django_db
DASHBOARD = Path(__file__).resolve().parents[2] / "deploy/grafana-dashboard.json"
NAME, LABEL, QUOTED = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*", r'"(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(\{{{LABEL}={QUOTED}(?:,{LABEL}={QUOTED})*\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)")
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)")


def parsed(text):
    """`{name: {labels as written: figure}}`, by the grammar of the text format 0.0.4."""
    assert text.endswith("\n")
    found, types = {}, {}
    for line in text.splitlines():
        if comment := COMMENT.fullmatch(line):
            what, name, words = comment.groups()
            if what == "TYPE":
                assert name not in types, f"{name} is declared twice"
                types[name] = words
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, figure = sample.groups()
        assert types[name] == "gauge"
        series = found.setdefault(name, {})
        assert labels not in series, line
        series[labels] = float(figure)
    return found


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = "a-token-of-the-scraper"
    return f"Bearer {settings.METRICS_TOKEN}"


def test_without_a_token_there_is_no_such_page(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "given", [None, "", "Bearer ", "Bearer another", "a-token-of-the-scraper", "Bearer é"]
)
def test_another_token_is_refused(client, token, given):
    reply = client.get("/metrics", headers={} if given is None else {"Authorization": given})
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"trunkline_" not in reply.content


def test_logging_in_is_not_enough(client_for, token, platform_admin):
    assert client_for(platform_admin).get("/metrics").status_code == 401


def test_the_page_is_in_the_text_format(client, token, tenant):
    reply = client.get("/metrics", headers={"Authorization": token})
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert parsed(reply.content.decode())["trunkline_tenants"]['{status="onboarding"}'] == 1


def test_quotes_and_line_breaks_in_a_label_stay_within_it(monkeypatch):
    gauge = Gauge("trunkline_x", "two\nlines", ("reason",))
    monkeypatch.setattr(metrics, "_groups", [])
    metrics.register_metrics([gauge], lambda now: {"trunkline_x": {('a"b\\c\nd',): 1e21, ("e",): 0.5}})
    text = metrics.exposition(timezone.now())
    assert text.splitlines()[0] == "# HELP trunkline_x two\\nlines"
    assert parsed(text) == {"trunkline_x": {'{reason="a\\"b\\\\c\\nd"}': 1e21, '{reason="e"}': 0.5}}


def test_it_says_whether_the_audit_trail_is_unbroken(tenant):
    def figure():
        return parsed(metrics.exposition(timezone.now())).get("trunkline_audit_unbroken")

    audit.record("tenant.changed", tenant)
    assert figure() is None
    verifying.verify()
    assert figure() == {None: 1}
    audit.record(verifying.BROKEN)
    assert figure() == {None: 0}


def test_the_dashboard_asks_for_nothing_that_is_not_exported():
    board = json.loads(DASHBOARD.read_text())
    exprs = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    exprs += [variable["query"] for variable in board["templating"]["list"]]
    asked = {name for expr in exprs for name in re.findall(r"trunkline_\w+", expr)}
    exported = set(re.findall(r"^# TYPE (\w+) gauge$", metrics.exposition(timezone.now()), re.MULTILINE))
    assert asked == exported, "each figure has its place, and each place its figure"
