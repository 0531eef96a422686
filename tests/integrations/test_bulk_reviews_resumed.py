"""A bulk review whose worker died is taken up by the minute's tick."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import tasks
from reconciliation import bulk_review
from reconciliation.models import BulkReview

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("minutes", "called"), [(5, 1), (-5, 0)], ids=["its lease is over", "somebody is at it"]
)
def test_the_tick_calls_a_worker_for_what_nobody_works_on(colleague, monkeypatch, minutes, called):
    found = []
    monkeypatch.setattr(bulk_review, "call_worker", found.append)
    now = timezone.now()
    bulk = BulkReview.objects.create(
        actor=colleague,
        outcome="remote",
        looked_at=now,
        total=3,
        ids=[1, 2, 3],
        state=BulkReview.State.RUNNING,
        created_at=now - timedelta(minutes=10),
        lease_until=now - timedelta(minutes=minutes),
    )
    tasks.tick()
    assert found == [bulk.pk] * called
