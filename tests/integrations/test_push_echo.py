"""A thousand edits on both sides: the two end equal, and then nothing is written any more."""

from random import Random

import pytest

from integrations.models import Delivery
from integrations.torture.editing import HERE, Editor
from reconciliation.models import Change, Customer, Location
from tests.integrations.pushes import both_ways, effects, push
from tests.integrations.syncs import bad, sync
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)
CRM = ("customer", "location", "customer_contact")


def test_after_a_thousand_edits_on_both_sides_both_are_equal_and_quiet(connection, sandbox, tenant):
    both_ways(connection, *CRM)
    sync(connection, *CRM)
    editor = Editor(tenant.pk, sandbox.control, Random(11), newness=0.02, bookings=0, notes=0)
    for round_ in range(10):
        for _ in range(100):
            editor.one()
        for step in Random(round_).sample([push, sync], 2):
            step(connection, *CRM)
    while push(connection, *CRM):
        pass
    assert bad(sync(connection, *CRM)) == {}
    assert not Delivery.objects.filter(state__in=Delivery.OPEN).exists()
    assert differences(connection, sandbox.control, *CRM) == []

    there = [row for row in sandbox.control.rows("customers") if row["address"]["street"].startswith("Made ")]
    assert sorted(row["address"]["street"] for row in there) == sorted(editor.made), "each was made once"
    assert Customer.objects.filter(street__startswith="Made ").count() == len(editor.made)
    assert Location.objects.filter(street__startswith="Made ").count() == len(editor.made)

    writes, changes = len(effects(sandbox.control)), Change.objects.count()
    assert writes <= len([intent for intent in editor.intents if intent.side == HERE]) + 3 * len(editor.made)
    for _ in range(8):
        assert push(connection, *CRM) == 0
        assert all(run.created + run.updated == 0 for run in sync(connection, *CRM).values())
    assert (len(effects(sandbox.control)), Change.objects.count()) == (writes, changes), (
        "idle cycles are quiet"
    )
