"""Real worker processes on a flow, killed at any instant: nothing is lost and nothing is made twice."""

import random
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.flows import working
from integrations.flows.catalogue import FLOWS
from integrations.models import Flow, FlowItem, FlowMade
from reconciliation.models import Change, Job, Opportunity, OpportunityRole
from tests.integrations.flows.test_engine import complete
from tests.integrations.processes import kill, manage, wait_for
from tests.reconciliation import shop

pytestmark = [pytest.mark.cluster, pytest.mark.django_db(transaction=True)]

MANY = 40
WORKER = """
import time
from integrations.flows import working
from integrations.flows.making import Making
working.PORTION = 2
real = Making.write
def slow(self):  # as on a large database: a kill meets a portion half written
    found = real(self)
    time.sleep(0.05)
    return found
Making.write = slow
working.work({flow})
"""


def lease_times_out():
    """What 90 seconds without a sign of life do."""
    Flow.objects.update(lease_until=None)


def test_workers_killed_again_and_again_make_each_record_once(tenant):
    flow = Flow.objects.create(
        tenant=tenant, name=FLOWS["completed_jobs"].name, since=timezone.now() - timedelta(days=9)
    )
    for number in range(MANY):
        job = complete(tenant, f"J-{number}")
        shop.person(tenant, job.customer, last_name="Rossi")
    draw, seen = random.Random(7), []
    for _ in range(3):
        before = FlowMade.objects.count()
        process = manage("shell", "-c", WORKER.format(flow=flow.pk))
        wait_for(lambda before=before: FlowMade.objects.count() > before, 40, "record made")
        time.sleep(draw.uniform(0.0, 0.2))
        assert process.poll() is None, "it was killed in the middle"
        kill(process)
        lease_times_out()
        seen.append(FlowMade.objects.count())
    assert 0 < seen[-1] < 2 * MANY
    assert Opportunity.objects.count() == FlowMade.objects.filter(entity="opportunity").count()
    working.work(flow.pk)
    jobs = set(Job.objects.values_list("pk", flat=True))
    assert sorted(Opportunity.objects.values_list("job_id", flat=True)) == sorted(jobs)
    assert OpportunityRole.objects.count() == MANY
    assert set(FlowItem.objects.values_list("state", flat=True)) == {"made"}
    assert Change.objects.filter(entity="opportunity", kind="created").count() == MANY
