"""Jobs called off, visits moved, technicians sent and taken off: each once, and nobody sent to two homes at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.models import Delivery
from reconciliation.adding import add
from reconciliation.double_booking import Visit, overlapping
from reconciliation.entities import ENTITIES
from reconciliation.models import Assignment, Cancellation, Job, Link, ReferenceItem
from tests.integrations.pushes import change, effects, push, time_passes
from tests.integrations.syncs import bad, sync_all, sync_work
from tests.integrations.test_push_jobs import START, booked, delivery_of

database = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
HOURS = timedelta(hours=2)


@pytest.fixture
def synced(connection):
    """As a new connection begins: jobs, visits, technicians sent and cancellations go both ways."""
    assert bad(sync_work(connection)) == {}
    return connection


def last(entity: str, record) -> Delivery:
    return Delivery.objects.filter(entity=entity, record_id=record.pk).latest("id")


def reason(tenant) -> ReferenceItem:
    return (
        ReferenceItem.objects.filter(tenant=tenant, kind="cancel_reason", active=True).order_by("pk").first()
    )


def technician(tenant, place=0) -> ReferenceItem:
    kind = ReferenceItem.objects.filter(tenant=tenant, kind="technician", active=True)
    return kind.order_by("pk")[place]


def cancel(job, tenant, memo="Customer called", why=None):
    references = {"job": job, "reason": why or reason(tenant)}
    return add(ENTITIES["cancellation"], tenant.pk, {"memo": memo}, references)


def send(visit, whom):
    references = {"appointment": visit, "job": visit.job, "technician": whom}
    return add(ENTITIES["assignment"], visit.tenant_id, {}, references)


def remote_job(sandbox, job):
    job.refresh_from_db()
    return sandbox.control.row("jobs", int(job.external_id))


def sent_there(sandbox, visit) -> list[int]:
    visit.refresh_from_db()
    rows = sandbox.control.rows("appointment-assignments")
    return [
        row["technicianId"]
        for row in rows
        if row["active"] and row["appointmentId"] == int(visit.external_id)
    ]


@pytest.fixture
def job(synced, tenant, sandbox) -> Job:
    """Booked here, and there by now."""
    made = booked(tenant)
    push(synced)
    assert delivery_of(made).state == "done"
    return made


class TestCancelling:
    pytestmark = database

    def test_a_job_that_is_over_there_is_refused_with_its_reason(self, synced, sandbox, tenant, job):
        sandbox.control.change("jobs", int(remote_job(sandbox, job)["id"]), jobStatus="Completed")
        called_off = cancel(job, tenant)
        push(synced)
        found = last("cancellation", called_off)
        assert (found.state, found.reason) == ("needs_person", "invalid")
        assert "completed or canceled" in found.message

    def test_without_words_it_waits_for_some(self, synced, tenant, job):
        called_off = cancel(job, tenant, memo="")
        push(synced)
        assert last("cancellation", called_off).reason == "incomplete"

    @pytest.mark.parametrize("fault", ["", "lost_reply", "late_error", "reset"])
    def test_a_job_called_off_here_is_called_off_there_once_with_its_reason(
        self, synced, sandbox, tenant, job, fault
    ):
        if fault:
            sandbox.control.faults(f"{fault}:1,count=1,method=PUT,path=/cancel")
        called_off = cancel(job, tenant)
        push(synced)
        time_passes()
        push(synced)
        row = remote_job(sandbox, job)
        assert row["jobStatus"] == "Canceled"
        logs = [log for log in sandbox.control.rows("job-canceled-logs") if log["jobId"] == row["id"]]
        assert [(log["reasonId"], log["memo"]) for log in logs] == [
            (int(reason(tenant).external_id), "Customer called")
        ]
        assert last("cancellation", called_off).state == "done"
        count = Cancellation.objects.count()
        assert bad(sync_all(synced)) == {}
        assert Cancellation.objects.count() == count, "it comes back as itself"
        job.refresh_from_db()
        assert job.status == "Canceled"
        writes = len(effects(sandbox.control))
        push(synced)
        assert len(effects(sandbox.control)) == writes

    def test_one_called_off_before_it_was_sent_is_made_and_then_called_off(self, synced, sandbox, tenant):
        made = booked(tenant)
        cancel(made, tenant)
        push(synced)
        time_passes()
        push(synced)
        assert remote_job(sandbox, made)["jobStatus"] == "Canceled"


class TestSending:
    pytestmark = database

    def test_one_who_is_taken_is_refused_before_any_call(self, synced, sandbox, tenant, job):
        other = booked(tenant)
        push(synced)
        send(job.appointments.get(), technician(tenant))
        push(synced)
        second = send(other.appointments.get(), technician(tenant))
        before = len(effects(sandbox.control))
        sandbox.control.calls.reset()
        push(synced)
        found = last("assignment", second)
        assert (found.state, found.reason) == ("needs_person", "objection")
        assert str(technician(tenant)) in found.message
        assert len(effects(sandbox.control)) == before
        asked = sandbox.control.calls.report()["calls_by_path"]
        assert not [path for path in asked if path.endswith("assign-technicians")]

    def test_one_whom_somebody_has_booked_there_meanwhile_waits_for_a_person_at_once(
        self, synced, sandbox, tenant, job
    ):
        """What we do not know yet, ServiceTitan knows: its 409 is final, and says what to do."""
        other = booked(tenant)
        push(synced)
        whom = technician(tenant)
        theirs = other.appointments.get()
        second = send(job.appointments.get(), whom)
        assigned = Assignment.objects.filter(technician=whom, appointment=theirs)
        theirs.refresh_from_db()
        book_there(sandbox, int(theirs.external_id), int(whom.external_id))
        assert not assigned.exists()
        push(synced)
        found = last("assignment", second)
        assert (found.state, found.reason, found.refusals) == ("needs_person", "refused", 1)
        assert "another appointment at that time" in found.message
        assert "Choose another technician" in found.message

    @pytest.mark.parametrize("fault", ["", "lost_reply", "late_error", "reset"])
    def test_one_sent_here_is_sent_there_once(self, synced, sandbox, tenant, job, fault):
        if fault:
            sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/assign-technicians")
        visit, whom = job.appointments.get(), technician(tenant)
        sent = send(visit, whom)
        push(synced)
        time_passes()
        push(synced)
        assert sent_there(sandbox, visit) == [int(whom.external_id)]
        assert last("assignment", sent).state == "done"
        count = Assignment.objects.count()
        assert bad(sync_all(synced)) == {}
        assert Assignment.objects.count() == count
        sent.refresh_from_db()
        assert sent.status == "Scheduled"

    def test_one_who_was_sent_there_meanwhile_is_not_sent_again(self, synced, sandbox, tenant, job):
        visit, whom = job.appointments.get(), technician(tenant)
        visit.refresh_from_db()
        book_there(sandbox, int(visit.external_id), int(whom.external_id))
        before = len(effects(sandbox.control))
        sent = send(visit, whom)
        push(synced)
        assert len(effects(sandbox.control)) == before
        assert Link.objects.filter(entity="assignment", record_id=sent.pk).exists()

    @pytest.mark.parametrize("fault", ["", "lost_reply", "late_error", "reset"])
    def test_one_taken_off_here_is_taken_off_there(self, synced, sandbox, tenant, job, fault):
        visit = job.appointments.get()
        sent = send(visit, technician(tenant))
        push(synced)
        if fault:
            sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/unassign-technicians")
        change("assignment", sent.pk, active=False)
        push(synced)
        time_passes()
        push(synced)
        assert sent_there(sandbox, visit) == []
        assert last("assignment", sent).state == "done"
        assert bad(sync_all(synced)) == {}
        sent.refresh_from_db()
        assert not sent.active

    def test_a_visit_is_not_moved_to_where_its_technician_is_taken(self, synced, sandbox, tenant, job):
        other = booked(tenant)
        push(synced)
        later = other.appointments.get()
        change("appointment", later.pk, starts_at=START + 2 * HOURS, ends_at=START + 3 * HOURS)
        send(job.appointments.get(), technician(tenant))
        send(later, technician(tenant))
        push(synced)
        change("appointment", later.pk, starts_at=START + HOURS / 2, ends_at=START + HOURS)
        push(synced)
        found = last("appointment", later)
        assert (found.state, found.reason) == ("needs_person", "objection")
        later.refresh_from_db()
        row = sandbox.control.row("appointments", int(later.external_id))
        assert row["start"].startswith("2027-03-04T18:00")


def book_there(sandbox, appointment: int, technician: int) -> None:
    """The office sends somebody, as its own screen does."""
    from integrations.sandbox.servicetitan import write_work

    with sandbox.control.store.lock:
        body = {"jobAppointmentId": appointment, "technicianIds": [technician]}
        write_work.assign(sandbox.control, body)


def at(hour: int, hours: int, appointment: int) -> Visit:
    start = datetime(2027, 3, 4, tzinfo=UTC) + timedelta(hours=hour)
    return Visit(appointment, "", start, start + timedelta(hours=hours))


def test_a_visit_that_begins_as_another_ends_is_no_double_booking():
    assert overlapping(at(10, 2, 1), [at(12, 2, 2), at(8, 2, 3)]) == []


def test_a_visit_does_not_clash_with_itself_nor_with_one_without_a_time():
    nowhen = Visit(2, "", None, None)
    assert overlapping(at(10, 2, 1), [at(10, 2, 1), nowhen]) == []
    assert overlapping(nowhen, [at(10, 2, 1)]) == []


@settings(max_examples=60)
@given(st.integers(0, 20), st.integers(1, 5), st.integers(0, 20), st.integers(1, 5))
def test_two_visits_clash_exactly_when_they_share_an_hour(one, length, other, as_long):
    shared = set(range(one, one + length)) & set(range(other, other + as_long))
    assert bool(overlapping(at(one, length, 1), [at(other, as_long, 2)])) == bool(shared)
