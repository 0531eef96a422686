"""Jobs made here arrive with their visits, once; notes are added there and never echoed."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Delivery
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Appointment, Job, Link, Location, Note
from tests.integrations.pushes import both_ways, change, effects, push, states, time_passes
from tests.integrations.syncs import bad, sync_all, sync_work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
WORK = ("customer", "location", "job", "appointment", "note")
START = datetime(2027, 3, 4, 14, 0, tzinfo=UTC)


@pytest.fixture
def synced(connection):
    both_ways(connection, *WORK)
    assert bad(sync_work(connection)) == {}
    return connection


def booked(tenant, *, visit=True, **without) -> Job:
    like = Job.objects.exclude(campaign=None).exclude(job_type=None).order_by("pk").first()
    references = {name: getattr(like, name) for name in ENTITIES["job"].references}
    values = {"priority": "Normal", "summary": "No heat upstairs", "status": "Scheduled"}
    job = add(ENTITIES["job"], tenant.pk, values, {**references, **without})
    if visit:
        times = {"starts_at": START, "ends_at": START + timedelta(hours=2)}
        add(ENTITIES["appointment"], tenant.pk, times, {"job": job})
    return job


def there(sandbox) -> list:
    return [row for row in sandbox.control.rows("jobs") if row["summary"] == "No heat upstairs"]


def delivery_of(job) -> Delivery:
    return Delivery.objects.filter(entity="job", record_id=job.pk).latest("id")


@pytest.mark.parametrize("missing", ["campaign", "business_unit", "job_type"])
def test_a_job_without_what_the_system_needs_waits_with_a_clear_reason(synced, sandbox, tenant, missing):
    job = booked(tenant, **{missing: None})
    push(synced)
    assert (delivery_of(job).state, delivery_of(job).reason) == ("needs_person", "reference")
    assert missing.replace("_", " ") in delivery_of(job).message
    assert there(sandbox) == []


def test_a_job_without_a_visit_waits_with_a_clear_reason(synced, sandbox, tenant):
    job = booked(tenant, visit=False)
    push(synced)
    assert (delivery_of(job).state, delivery_of(job).reason) == ("needs_person", "incomplete")
    assert "appointment" in delivery_of(job).message


def test_a_visit_waits_as_long_as_its_job_and_comes_with_it(synced, sandbox, tenant):
    job = booked(tenant, campaign=None)
    visit = Appointment.objects.get(job=job)
    push(synced)
    waits = Delivery.objects.get(entity="appointment", record_id=visit.pk)
    assert (waits.state, waits.message) == ("owed", "Waits until its job is there.")
    like = Job.objects.exclude(campaign=None).order_by("pk").first()
    change("job", job.pk, campaign_id=like.campaign_id)
    time_passes()
    while push(synced):
        pass
    assert len(there(sandbox)) == 1
    assert not Delivery.objects.filter(state__in=Delivery.OPEN).exists()
    assert Link.objects.filter(entity="appointment", record_id=visit.pk, state=Link.State.LIVE).exists()


@pytest.mark.parametrize("fault", ["", "lost_reply", "late_error", "reset"])
def test_a_job_made_here_is_made_there_once_with_its_visit_and_comes_back_as_itself(
    synced, sandbox, tenant, fault
):
    job = booked(tenant)
    if fault:
        sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/jobs")
    push(synced)
    time_passes()
    push(synced)
    [row] = there(sandbox)
    assert delivery_of(job).state == "done"
    jobs, visits = Job.objects.count(), Appointment.objects.count()
    assert bad(sync_all(synced)) == {}
    assert (Job.objects.count(), Appointment.objects.count()) == (jobs, visits)
    assert Link.objects.get(entity="job", external_id=str(row["id"])).record_id == job.pk
    visit = job.appointments.get()
    assert Link.objects.get(entity="appointment", record_id=visit.pk).external_id == str(
        row["firstAppointmentId"]
    )
    job.refresh_from_db()
    assert job.number == row["jobNumber"]
    writes = len(effects(sandbox.control))
    push(synced)
    assert len(effects(sandbox.control)) == writes


def test_its_status_comes_back_and_is_not_sent_out_again(synced, sandbox, tenant):
    job = booked(tenant)
    push(synced)
    [row] = there(sandbox)
    sandbox.control.change("jobs", row["id"], jobStatus="InProgress")
    sync_all(synced)
    job.refresh_from_db()
    assert job.status == "InProgress"
    writes = len(effects(sandbox.control))
    assert push(synced) == 0
    assert len(effects(sandbox.control)) == writes


def test_a_visit_moved_here_is_rescheduled_there(synced, sandbox, tenant):
    job = booked(tenant)
    push(synced)
    visit = job.appointments.get()
    change(
        "appointment",
        visit.pk,
        starts_at=START + timedelta(days=1),
        ends_at=START + timedelta(days=1, hours=2),
    )
    push(synced)
    visit.refresh_from_db()
    row = sandbox.control.row("appointments", int(visit.external_id))
    assert row["start"].startswith("2027-03-05T14:00")
    assert states(entity="appointment")[-1] == "done"


@pytest.mark.parametrize("fault", ["", "lost_reply"])
def test_a_note_written_here_is_added_there_once_and_is_not_echoed(synced, sandbox, tenant, fault):
    job = Job.objects.exclude(external_id="").first()
    add(ENTITIES["note"], tenant.pk, {"text": "Gate code 4417, ring twice"}, {"job": job})
    if fault:
        sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/notes")
    push(synced)
    time_passes()
    push(synced)
    assert [row["text"] for row in sandbox.control.rows("job-notes")].count("Gate code 4417, ring twice") == 1
    assert bad(sync_all(synced)) == {}
    assert Note.objects.filter(text="Gate code 4417, ring twice").count() == 1


@pytest.mark.parametrize("ahead", [-300, 300])
def test_a_note_whose_answer_was_lost_is_found_though_the_clocks_are_five_minutes_apart(
    synced, sandbox, tenant, ahead
):
    sandbox.control.clock.ahead = ahead
    job = Job.objects.exclude(external_id="").first()
    add(ENTITIES["note"], tenant.pk, {"text": "Gate code 4417, ring twice"}, {"job": job})
    sandbox.control.faults("lost_reply:1,count=1,method=POST,path=/notes")
    push(synced)
    time_passes()
    push(synced)
    assert [row["text"] for row in sandbox.control.rows("job-notes")].count("Gate code 4417, ring twice") == 1
    assert Delivery.objects.get(entity="note").state == "done"


def test_a_location_made_here_waits_for_its_customer(synced, sandbox, tenant):
    place = {
        "street": "9 Hill Rd",
        "city": "Lynchburg",
        "state": "VA",
        "postal_code": "24501",
        "country": "USA",
    }
    person = add(ENTITIES["customer"], tenant.pk, {"name": "Wanda Waits", **place})
    home = add(ENTITIES["location"], tenant.pk, {"name": "Cabin", **place}, {"customer": person})
    push(synced, "location")
    assert Delivery.objects.get(entity="location", record_id=home.pk).reason == "waits"
    time_passes()
    push(synced)
    assert Link.objects.filter(entity="location", record_id=home.pk).exists()
    assert [row["name"] for row in sandbox.control.rows("locations")].count("Cabin") == 1
    assert Location.objects.filter(name="Cabin").count() == 1
