"""The demo's booked jobs: they arrive once, one waits with its reason, and a status comes back to the timeline."""

import re

import pytest
from django.urls import reverse

from integrations.demo.bookings import CALLS, book_some, dispatch_first, on_their_way, waiting
from integrations.push import lead_sources
from reconciliation.models import Job, ReferenceItem
from tests.integrations.pushes import push, time_passes
from tests.integrations.syncs import bad, sync, sync_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def merchant(connection):
    assert bad(sync_all(connection)) == {}
    return connection


def pushed(connection) -> None:
    while push(connection):
        pass


def there(sandbox) -> list[str]:
    """The summaries of the demo's jobs in the sandbox."""
    booked = {call.summary for call in CALLS}
    return [row["summary"] for row in sandbox.control.rows("jobs") if row["summary"] in booked]


def timeline(browser, job) -> str:
    page = browser.get(reverse("admin:reconciliation_job_change", args=[job.pk])).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_before_they_are_sent_nobody_is_dispatched(merchant, tenant, sandbox):
    jobs = book_some(tenant)
    assert on_their_way(jobs) == len(CALLS)
    assert not dispatch_first(merchant, jobs)
    assert there(sandbox) == []


def test_one_waits_for_its_lead_source_and_goes_once_that_is_tied(merchant, tenant, sandbox, colleague):
    jobs = book_some(tenant, colleague)
    pushed(merchant)
    [held] = waiting(jobs)
    assert (held.record_id, held.reason) == (jobs[-1].pk, "lead_source")
    assert "“Home show booth” is tied to no campaign" in held.message
    campaign = ReferenceItem.objects.get(tenant=tenant, kind="campaign", name="Radio KUNR")
    lead_sources.assign(merchant, "home show  booth", campaign, user=colleague)
    pushed(merchant)
    assert sorted(there(sandbox)) == sorted(call.summary for call in CALLS)


def test_they_arrive_and_a_status_comes_back_to_the_timeline(
    merchant, tenant, sandbox, colleague, client_for
):
    jobs = book_some(tenant, colleague)
    pushed(merchant)
    assert on_their_way(jobs) == 0
    assert sorted(there(sandbox)) == sorted(call.summary for call in CALLS[:2])
    jobs = book_some(tenant, colleague)
    assert dispatch_first(merchant, jobs)
    assert bad(sync(merchant, "job", "appointment")) == {}
    job = Job.objects.get(pk=jobs[0].pk)
    assert (job.status, job.appointments.get().status) == ("Dispatched", "Dispatched")
    told = timeline(client_for(colleague), job)
    assert "booked it" in told
    assert "sent it to ServiceTitan" in told
    assert "ServiceTitan changed it" in told


def test_a_second_start_doubles_nothing(merchant, tenant, sandbox):
    first = book_some(tenant)
    pushed(merchant)
    assert dispatch_first(merchant, book_some(tenant))
    sync(merchant, "job", "appointment")
    again = book_some(tenant)
    assert not dispatch_first(merchant, again)
    assert [job.pk for job in again] == [job.pk for job in first]
    time_passes()
    pushed(merchant)
    assert sorted(there(sandbox)) == sorted(call.summary for call in CALLS[:2])
