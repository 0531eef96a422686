"""Old rows go in small steps, and only those that somebody declared."""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from portal import audit, retention, sizes
from portal.models import AuditEntry
from portal.retention import Kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def sessions():
    """Three that ended long ago, one that ended a moment ago, one that goes on."""
    now = timezone.now()
    for number, hours in enumerate((-100, -90, -80, -1, 1)):
        expiry = now + timedelta(hours=hours)
        Session.objects.create(session_key=f"s{number}", session_data="", expire_date=expiry)


def left():
    return sorted(Session.objects.values_list("session_key", flat=True))


def test_nothing_is_removed_when_it_is_only_counted(sessions):
    counts = {kept.label: count for kept, count in retention.prune(timezone.now(), dry_run=True)}
    assert counts["sessions.session"] == 3
    assert len(left()) == 5


def test_the_nightly_job_removes_what_is_old_a_batch_at_a_time(sessions, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    retention.each_night()
    assert left() == ["s3", "s4"]


def test_a_row_that_is_needed_again_meanwhile_stays(sessions, monkeypatch):
    def renewed(before):
        rows = Session.objects.filter(expire_date__lt=before)
        seen.append(rows)
        return rows

    seen = []
    monkeypatch.setattr(retention, "_kept", [Kept(Session, 1, "sessions", renewed)])
    monkeypatch.setattr(retention, "transaction", Meanwhile(lambda: later("s0")))
    retention.each_night()
    assert left() == ["s0", "s3", "s4"]


class Meanwhile:
    """A transaction before which something else happens."""

    def __init__(self, act):
        self.act = act

    def atomic(self):
        from django.db import transaction

        self.act()
        return transaction.atomic()


def later(key):
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() + timedelta(hours=1))


def test_the_operator_may_keep_rows_longer_or_shorter_but_not_break_a_promise(settings):
    kept = Kept(Session, 30, "sessions", lambda before: Session.objects.all(), least=3)
    for given, days in (({}, 30), ({"sessions.session": 90}, 90), ({"sessions.session": 1}, 3)):
        settings.RETENTION_DAYS = given
        assert kept.for_days == days


@pytest.mark.parametrize(
    "given", [{"sessions.nothing": 5}, {"sessions.session": 0}, {"sessions.session": "5"}]
)
def test_days_that_cannot_be_kept_to_are_refused_at_the_start(settings, given):
    settings.RETENTION_DAYS = given
    (error,) = retention.check_retention_days()
    assert str(next(iter(given))) in error.msg
    assert "sessions.session (1 or more)" in error.msg


def test_nobody_declares_the_audit_trail_or_records():
    own = ("portal.audit", "portal.user", "portal.rolegrant", "portal.tenant", "portal.partner")
    forever = (*own, "reconciliation.link", "reconciliation.merge", "reconciliation.conflict")
    assert not [kept.label for kept in retention.declared() if kept.label.startswith(forever)]


def test_the_command_shows_rows_and_bytes_of_every_table(sessions, tenant, capsys):
    audit.record("tenant.changed", tenant)
    call_command("prune", "--dry-run", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["dry_run"]
    assert {"table": "sessions.session", "what": "sessions that are over", "days": 1, "rows": 3} in told[
        "old"
    ]
    tables = {row["table"]: row for row in told["tables"]}
    assert tables["portal.auditentry"]["bytes"] > 0
    assert {"portal.auditseal", "reconciliation.customer", "integrations.run"} <= set(tables)
    assert AuditEntry.objects.exists()


def test_the_command_says_what_it_removed_and_what_stays_for_ever(sessions, capsys):
    call_command("prune")
    told = capsys.readouterr().out
    assert "3 removed: sessions that are over, older than 1 days (sessions.session)" in told
    (trail,) = [line for line in told.splitlines() if line.startswith("portal.auditentry ")]
    assert trail.endswith("for ever")
    assert left() == ["s3", "s4"]


def test_the_database_has_a_size(db):
    assert sizes.database_bytes() > 100_000
