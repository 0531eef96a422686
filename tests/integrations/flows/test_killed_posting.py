"""Real workers killed in the middle of posting to accounts payable: each invoice is posted once nevertheless."""

import random
import time

import pytest

from integrations.flows import working
from integrations.models import Delivery, Seat, SyncRule
from tests.integrations.flows.books import worth_posting
from tests.integrations.processes import kill, manage, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.django_db(transaction=True)]
WORKER = """
from integrations import leases
from integrations.work import push_under
push_under(leases.take({rule}), seconds=60)
"""


@pytest.fixture
def customers() -> int:
    """So many that each worker is killed before it is through."""
    return 12


def leases_time_out() -> None:
    """What some minutes without a sign of life do: to the rule's lease, and to the operator's seat."""
    SyncRule.objects.update(lease_until=None)
    Seat.objects.update(lease_until=None)


def test_a_worker_killed_while_it_posts_leaves_each_invoice_posted_once(books):
    flow = books.install()
    books.map_all()
    working.work(flow.pk)
    assert not books.posted()
    books.sy.faults("slow:1,argument=0.3,path=APSTIN")
    rule, draw = books.syspro.rules.get(entity="ap_invoice"), random.Random(3)
    begun = Delivery.objects.exclude(state="owed")
    for _ in range(3):
        before = begun.count()
        process = manage("shell", "-c", WORKER.format(rule=rule.pk))
        wait_for(lambda before=before: begun.count() > before, 60, "posting under way")
        time.sleep(draw.uniform(0.1, 0.6))
        assert process.poll() is None, "it was killed in the middle"
        kill(process)
        leases_time_out()
    assert Delivery.objects.filter(state="sending").exists(), "a kill met a call under way"
    books.sy.faults()
    books.cycle(3)
    assert books.posted() == worth_posting(books.tenant)
    assert set(books.sy.posted().values()) == {1}
    assert not Delivery.objects.exclude(state="done").exists()
