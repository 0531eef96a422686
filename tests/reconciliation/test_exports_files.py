"""Exports written in the background: by workers that may be killed, for one person, for some days."""

import csv
import io
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError
from django.utils import timezone

from integrations import tasks
from portal.models import RoleGrant
from reconciliation.exports import Narrowing, files
from reconciliation.models import ExportFile, Invoice
from tests.reconciliation import shop

State = ExportFile.State


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    return tmp_path


@pytest.fixture
def called(monkeypatch):
    """The numbers of the files that workers were called for."""
    found = []
    monkeypatch.setattr("reconciliation.exports.files.async_task", lambda name, pk, **how: found.append(pk))
    return found


@pytest.fixture
def asked(called, finance, tenant):
    """A file that finance wants: the invoices of March, added up."""
    for number in range(5):
        shop.invoice(
            tenant, number=str(number), total=Decimal("0.10"), invoiced_at=datetime(2026, 3, 9, 1, tzinfo=UTC)
        )
    shop.invoice(tenant, number="April", total=Decimal(7), invoiced_at=datetime(2026, 4, 9, 1, tzinfo=UTC))
    wanted = Narrowing(date(2026, 3, 1), date(2026, 3, 31))
    return files.start(finance, tenant, "invoice", "csv", wanted=wanted, totals=True, expected=5)


def numbers(found):
    text = found.path.read_text(encoding="utf-8-sig")
    return [row["number"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def dies_after(chunks, how=KeyboardInterrupt):
    """A worker that is killed once it has read so many chunks."""

    def chunks_by_id(queryset, plan):
        for _ in range(chunks):
            yield [(None,) * len(plan.columns)]
        raise how

    return chunks_by_id


def lapsed():
    ExportFile.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_killed_worker_leaves_no_half_file_and_the_next_one_begins_anew(asked, folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("reconciliation.exports.chunks_by_id", dies_after(2))
        with pytest.raises(KeyboardInterrupt):
            files.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.path.exists()) == (State.RUNNING, False)
    assert files.work(asked.pk) is False, "its lease still runs"
    lapsed()
    assert files.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.rows_done, asked.attempts) == (State.DONE, 5, 2)
    assert numbers(asked) == ["0", "1", "2", "3", "4", ""]
    assert [path.name for path in folder.iterdir()] == [asked.path.name]


def test_what_a_worker_left_that_had_no_time_to_tidy_up_is_taken_away(asked, folder):
    (folder / f".export-{asked.pk}-abc").write_text("half")
    files.work(asked.pk)
    assert [path.name for path in folder.iterdir()] == [asked.path.name]


def test_a_worker_that_was_taken_for_dead_does_not_finish_the_work_of_the_next(asked, monkeypatch):
    def slow(found, taken, stream):
        stream.write(b"from the first")
        ExportFile.objects.update(attempts=2)  # another worker took the lease over

    monkeypatch.setattr("reconciliation.exports.files._copy", slow)
    assert files.work(asked.pk) is False
    asked.refresh_from_db()
    assert (asked.state, asked.path.exists()) == (State.RUNNING, False)


def test_a_file_whose_workers_all_die_is_given_up_in_plain_words(asked):
    ExportFile.objects.update(attempts=files.MOST_ATTEMPTS)
    assert files.work(asked.pk) is False
    asked.refresh_from_db()
    assert asked.state == State.FAILED
    assert "worker was stopped each time" in asked.error


@pytest.mark.parametrize("how", [OSError("No space left on device"), DatabaseError("gone")])
def test_a_full_disk_is_said_plainly_and_leaves_nothing(asked, folder, monkeypatch, how):
    monkeypatch.setattr("reconciliation.exports.chunks_by_id", dies_after(1, how))
    assert files.work(asked.pk) is False
    asked.refresh_from_db()
    assert (asked.state, list(folder.iterdir())) == (State.FAILED, [])
    assert "refused" in asked.error and "No space" not in asked.error


def test_a_role_that_was_lost_meanwhile_writes_nothing(asked, folder):
    RoleGrant.objects.all().delete()
    files.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, list(folder.iterdir())) == (State.FAILED, [])
    assert "no longer allows" in asked.error


def test_a_business_unit_that_is_gone_is_said_plainly(asked):
    ExportFile.objects.update(wanted=Narrowing(business_unit="HVAC").stored())
    files.work(asked.pk)
    asked.refresh_from_db()
    assert "no business unit “HVAC”" in asked.error


def test_a_file_removed_while_it_is_written_stays_removed(asked, folder, monkeypatch):
    def removed(found, taken, stream):
        stream.write(b"x")
        ExportFile.objects.all().delete()

    monkeypatch.setattr("reconciliation.exports.files._copy", removed)
    assert files.work(asked.pk) is False
    assert list(folder.iterdir()) == []


def test_the_file_holds_what_was_wanted_and_its_sums(asked, called):
    assert called == [], "a worker is called once the wish is committed"
    assert files.work(asked.pk)
    asked.refresh_from_db()
    assert numbers(asked) == ["0", "1", "2", "3", "4", ""]
    assert ",0.50," in asked.path.read_text(encoding="utf-8-sig").splitlines()[-1]
    assert asked.size == asked.path.stat().st_size
    assert asked.lease_until is None


def test_a_worker_is_called_as_soon_as_the_wish_is_committed(
    called, finance, tenant, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        found = files.start(finance, tenant, "merge", "csv", wanted=Narrowing(), totals=False, expected=0)
    assert called == [found.pk]


def test_another_tenants_rows_are_not_in_the_file(asked, other_tenant):
    shop.invoice(other_tenant, number="Theirs", invoiced_at=datetime(2026, 3, 9, 1, tzinfo=UTC))
    assert Invoice.objects.filter(number="Theirs").exists()
    files.work(asked.pk)
    assert "Theirs" not in numbers(asked)


def test_progress_is_told_while_it_is_written(asked, monkeypatch):
    monkeypatch.setattr("reconciliation.exports.CHUNK", 2)
    monkeypatch.setattr("reconciliation.exports.files._SAVE_SECONDS", 0)
    told = []
    hold = files._hold

    def watched(found, **values):
        hold(found, **values)
        told.append(ExportFile.objects.get().rows_done)

    monkeypatch.setattr("reconciliation.exports.files._hold", watched)
    files.work(asked.pk)
    assert sorted(set(told)) == [0, 2, 4, 5]


# --- the tick ---------------------------------------------------------------------------------------------------------


def test_the_tick_calls_a_worker_for_a_file_that_nobody_works_on_and_for_no_other(asked, called):
    now = timezone.now()
    tasks.tick()
    assert called == [], "its own worker has been called a moment ago"
    ExportFile.objects.update(created_at=now - timedelta(hours=1), state=State.RUNNING, attempts=1)
    ExportFile.objects.update(lease_until=now + timedelta(minutes=1))
    tasks.tick()
    assert called == [], "somebody works on it"
    lapsed()
    tasks.tick()
    assert called == [asked.pk]


def test_a_file_goes_when_its_days_are_over_and_not_before(asked, folder, settings):
    settings.EXPORT_DAYS = 2
    files.work(asked.pk)
    asked.refresh_from_db()
    files.each_minute(timezone.now() + timedelta(days=1, hours=23))
    assert asked.path.exists()
    files.each_minute(timezone.now() + timedelta(days=2, minutes=1))
    assert not ExportFile.objects.exists()
    assert list(folder.iterdir()) == []


def test_a_file_that_is_still_being_written_is_never_too_old(asked):
    ExportFile.objects.update(state=State.RUNNING, lease_until=timezone.now())
    files.remove_expired(timezone.now() + timedelta(days=30))
    assert ExportFile.objects.exists()


def test_files_without_a_row_go_after_a_day_and_other_files_stay(asked, folder):
    files.work(asked.pk)
    for name in ("export-999.csv", ".export-5-x", "mine.csv"):
        (folder / name).write_text("x")
        os.utime(folder / name, (0, 0))
    (folder / "export-1000.csv").write_text("just written")
    files.remove_expired(timezone.now())
    left = sorted(path.name for path in folder.iterdir())
    assert left == sorted([asked.path.name, "export-1000.csv", "mine.csv"])
