"""A thousand edits on both sides: the two end equal, and then a day passes in which nothing is written."""

from random import Random

import pytest

from integrations.models import Delivery
from integrations.torture.editing import HERE, Editor
from reconciliation.models import Change, Customer, Location
from tests.integrations.pushes import both_ways, effects, push
from tests.integrations.syncs import bad, sync
from tests.integrations.truth import differences

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
INTERVAL = 600.0
"""Seconds between two pulls of a rule, unless somebody chooses another."""
A_DAY = [INTERVAL] * 6 + [3600.0] * 23
"""Seconds from one idle cycle to the next: an hour as it is, the rest from hour to hour."""
LISTS = ("business_unit", "job_type", "campaign")
EDITED = ("customer", "location", "customer_contact", "job", "note", "appointment")


def test_after_a_thousand_edits_on_both_sides_both_are_equal_and_quiet(connection, sandbox, tenant):
    connection.rules.filter(entity="note").update(enabled=True)
    both_ways(connection, *EDITED)
    sync(connection, *LISTS, *EDITED)
    editor = Editor(tenant.pk, sandbox.control, Random(11), newness=0.02, bookings=0.012, notes=0.012)
    for round_ in range(10):
        for _ in range(100):
            editor.one()
        for step in Random(round_).sample([push, sync], 2):
            step(connection, *EDITED)
    while push(connection, *EDITED):
        pass
    assert bad(sync(connection, *EDITED)) == {}
    assert set(connection.rules.values_list("interval", flat=True)) == {INTERVAL / 60}
    assert not Delivery.objects.filter(state__in=Delivery.OPEN).exists()
    assert differences(connection, sandbox.control, *EDITED) == []

    there = [row for row in sandbox.control.rows("customers") if row["address"]["street"].startswith("Made ")]
    assert sorted(row["address"]["street"] for row in there) == sorted(editor.made), "each was made once"
    assert Customer.objects.filter(street__startswith="Made ").count() == len(editor.made)
    assert Location.objects.filter(street__startswith="Made ").count() == len(editor.made)

    jobs = [
        row["summary"] for row in sandbox.control.rows("jobs") if (row["summary"] or "").startswith("Booked ")
    ]
    assert sorted(jobs) == sorted(editor.booked), "each was booked once"
    notes = [row["text"] for row in sandbox.control.rows("job-notes") if row["text"].startswith("Noted ")]
    assert sorted(notes) == sorted(editor.noted), "each was written once"

    writes, changes = len(effects(sandbox.control)), Change.objects.count()
    made_here = 3 * len(editor.made) + 2 * len(editor.booked) + len(editor.noted)
    assert writes <= len([intent for intent in editor.intents if intent.side == HERE]) + made_here
    for seconds in A_DAY:
        sandbox.control.advance(seconds)
        assert push(connection, *EDITED) == 0
        assert all(run.created + run.updated == 0 for run in sync(connection, *EDITED).values())
    assert (len(effects(sandbox.control)), Change.objects.count()) == (writes, changes), (
        "idle cycles are quiet"
    )
