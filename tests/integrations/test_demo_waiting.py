"""The demo's agent finds believable work waiting, and a second start of the demo adds none."""

import pytest

from integrations.demo.waiting import make_some_waiting
from reconciliation.models import Conflict, Link
from tests.integrations.syncs import bad, sync

pytestmark = pytest.mark.django_db(transaction=True)
ENTITIES = ("customer", "location", "customer_contact", "job")


@pytest.fixture
def merchant(tenant, shop, connect_to):
    connection = connect_to(tenant, shop(customers=200))
    assert not bad(sync(connection, *ENTITIES))
    return connection


def test_conflicts_and_duplicates_of_several_kinds_wait_and_a_second_call_adds_none(merchant, colleague):
    waiting = make_some_waiting(merchant.tenant, colleague)
    pending = Conflict.objects.filter(state=Conflict.State.PENDING)
    assert {"name", "street", "unit", "summary", "priority"} <= set(pending.values_list("field", flat=True))
    assert waiting.conflicts >= 18
    assert waiting.pairs >= 3
    assert make_some_waiting(merchant.tenant) == waiting
    for conflict in pending:
        assert conflict.base != conflict.portal_value != conflict.remote_value != conflict.base


def test_every_other_field_goes_on_by_its_rule(merchant):
    make_some_waiting(merchant.tenant)
    lines = merchant.rules.get(entity="customer").mappings.exclude(policy="")
    assert set(lines.values_list("field", flat=True)) == {"name", "street", "unit", "kind", "do_not_mail"}
    assert not Link.objects.filter(source=merchant.source, record_id=None, state=Link.State.LIVE).exists()
