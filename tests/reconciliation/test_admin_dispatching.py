"""Acting on a job, a record's tags and a contact from their pages: each leaves a change, an audit row, and words."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal.models import AuditEntry
from reconciliation.models import Assignment, Cancellation, Change
from tests.integrations.pages import said
from tests.reconciliation import shop
from tests.reconciliation.shop import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def at(page, record):
    model = record._meta.model_name
    return reverse(f"admin:reconciliation_{model}_{page}", args=[record.pk])


@pytest.fixture
def job(tenant):
    return shop.job(tenant, number="J-100", status="Scheduled")


@pytest.fixture
def visit(tenant, job):
    return shop.appointment(
        tenant, job, number="J-100-1", status="Scheduled", starts_at=NOON, ends_at=NOON + 2 * HOUR
    )


@pytest.fixture
def ada(tenant):
    return shop.item(tenant, "technician", name="Ada Fixit")


@pytest.fixture
def agent(client_for, colleague):
    return client_for(colleague)


def last_words(entity):
    change = Change.objects.filter(entity=entity).latest("id")
    assert AuditEntry.objects.filter(actor=change.actor).exists()
    return change.actor


def test_a_viewer_cannot_call_a_job_off_nor_see_how(client_for, viewer, job):
    client = client_for(viewer)
    assert client.post(at("cancel", job), {"memo": "x"}).status_code == 403
    assert at("cancel", job) not in client.get(at("change", job)).content.decode()
    assert not Cancellation.objects.exists()


def test_a_job_is_not_called_off_without_a_reason_or_with_another_merchants(agent, tenant, other_tenant, job):
    foreign = shop.item(other_tenant, "cancel_reason", name="Theirs")
    for reason in ("", foreign.pk):
        reply = agent.post(at("cancel", job), {"reason": reason, "memo": "Customer called"})
        assert reply.status_code == 200
    assert not Cancellation.objects.exists()


def test_a_job_is_called_off_with_a_reason_and_only_once(agent, tenant, colleague, job):
    reason = shop.item(tenant, "cancel_reason", name="No access")
    assert "No access" in agent.get(at("cancel", job)).content.decode()
    reply = agent.post(at("cancel", job), {"reason": reason.pk, "memo": "Nobody home"})
    assert "called off" in said(reply)
    made = Cancellation.objects.get()
    assert (made.job, made.reason, made.memo) == (job, reason, "Nobody home")
    assert last_words("cancellation") == colleague
    again = agent.post(at("cancel", job), {"reason": reason.pk, "memo": "Nobody home"})
    assert "on its way" in again.content.decode()
    assert Cancellation.objects.count() == 1


def test_a_job_that_is_over_has_nothing_to_call_off(agent, tenant):
    done = shop.job(tenant, status="Completed")
    assert at("cancel", done) not in agent.get(at("change", done)).content.decode()
    assert "already" in agent.get(at("cancel", done)).content.decode()


def test_a_technician_who_is_taken_is_not_sent(agent, tenant, job, visit, ada):
    other = shop.appointment(
        tenant, number="J-9-1", status="Scheduled", starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR
    )
    shop.assignment(tenant, other, technician=ada)
    reply = agent.post(at("assign", job), {"visit": visit.pk, "technician": ada.pk})
    assert "Ada Fixit is at visit J-9-1" in reply.content.decode()
    assert not visit.assignments.exists()


@pytest.mark.parametrize("state", ["Done", "Canceled"])
def test_a_visit_that_is_over_takes_nobodys_time(agent, tenant, job, visit, ada, state):
    other = shop.appointment(tenant, number="J-9-1", status=state, starts_at=NOON, ends_at=NOON + 3 * HOUR)
    shop.assignment(tenant, other, technician=ada)
    agent.post(at("assign", job), {"visit": visit.pk, "technician": ada.pk})
    assert visit.assignments.get().technician == ada


def test_a_technician_is_sent_and_taken_off_again(agent, tenant, colleague, job, visit, ada):
    agent.post(at("assign", job), {"visit": visit.pk, "technician": ada.pk})
    sent = Assignment.objects.get()
    assert (sent.appointment, sent.job, sent.technician) == (visit, job, ada)
    assert last_words("assignment") == colleague
    twice = agent.post(at("assign", job), {"visit": visit.pk, "technician": ada.pk})
    assert "is sent there already" in twice.content.decode()
    agent.post(at("unassign", job), {"sent": sent.pk})
    sent.refresh_from_db()
    assert not sent.active
    assert Change.objects.latest("id").fields == {"active": [True, False]}


def test_a_visit_cannot_end_before_it_starts_nor_meet_its_technicians_other_visit(
    agent, tenant, job, visit, ada
):
    shop.assignment(tenant, visit, technician=ada)
    other = shop.appointment(tenant, number="J-9-1", starts_at=NOON + 5 * HOUR, ends_at=NOON + 7 * HOUR)
    shop.assignment(tenant, other, technician=ada)
    zone = tenant.zone
    for start, end in ((4, 3), (4, 6)):
        times = {
            "starts_at": f"{(NOON + start * HOUR).astimezone(zone):%Y-%m-%dT%H:%M}",
            "ends_at": f"{(NOON + end * HOUR).astimezone(zone):%Y-%m-%dT%H:%M}",
        }
        assert agent.post(at("reschedule", job), {"visit": visit.pk, **times}).status_code == 200
    visit.refresh_from_db()
    assert visit.starts_at == NOON


def test_a_visit_is_moved_in_the_merchants_own_time(agent, tenant, job, visit):
    tenant.timezone = "America/New_York"
    tenant.save()
    times = {"starts_at": "2026-03-04T09:00", "ends_at": "2026-03-04T11:00"}
    reply = agent.post(at("reschedule", job), {"visit": visit.pk, **times})
    assert "moved" in said(reply)
    visit.refresh_from_db()
    assert visit.starts_at.isoformat() == "2026-03-04T14:00:00+00:00"


def test_tags_are_given_by_name_whatever_the_case_and_unknown_ones_stay_by_name(agent, tenant):
    vip = shop.item(tenant, "tag_type", name="VIP")
    owner = shop.customer(tenant, tag_ids=["999"])
    agent.post(at("tags", owner), {"names": "tag 999, vip,  Gold   Member , VIP"})
    owner.refresh_from_db()
    assert (owner.tag_ids, owner.tag_names) == (["999", vip.external_id], ["Gold Member"])
    page = agent.get(at("change", owner)).content.decode()
    assert "VIP" in page
    assert "Gold Member" in page
    agent.post(at("tags", owner), {"names": ""})
    owner.refresh_from_db()
    assert (owner.tag_ids, owner.tag_names) == ([], [])


def test_a_tag_longer_than_the_system_holds_is_refused(agent, tenant):
    owner = shop.customer(tenant)
    assert "longer than 30" in agent.post(at("tags", owner), {"names": "x" * 31}).content.decode()


def test_a_contact_is_taken_away_and_stays_here_as_inactive(agent, tenant, colleague):
    phone = shop.contact(shop.customer(tenant), "775-555-0100")
    assert agent.get(at("remove", phone)).status_code == 200
    phone.refresh_from_db()
    assert phone.active, "looking takes nothing away"
    agent.post(at("remove", phone))
    phone.refresh_from_db()
    assert not phone.active
    assert last_words("customer_contact") == colleague
