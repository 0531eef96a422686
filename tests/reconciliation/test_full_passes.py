"""Comparing everybody from the Dedupe page: one pass at a time, with its progress, by those who may."""

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.models import AuditEntry
from reconciliation import full_passes
from reconciliation.background import LEASE, State
from reconciliation.matching import passes
from reconciliation.models import Customer, MatchCandidate, MatchPass, MatchSettings
from tests.matching.test_passes import enter

pytestmark = pytest.mark.django_db
LIST = reverse("admin:reconciliation_matchcandidate_changelist")
COMPARE = reverse("admin:reconciliation_matchcandidate_compare")
PAGE = reverse("admin:reconciliation_matchcandidate_full_pass")
LIVE = reverse("admin:reconciliation_matchcandidate_full_pass_live")


@pytest.fixture
def twins(tenant):
    return enter(tenant), enter(tenant, "Bob Thornwick", street="412 Juniper Ln.")


def test_those_who_only_look_are_not_offered_it_and_cannot(client_for, viewer, tenant):
    client = client_for(viewer)
    assert "Compare everybody" not in client.get(LIST).content.decode()
    assert client.post(COMPARE, {"tenant": tenant.pk}).status_code == 403
    assert not MatchPass.objects.exists()


def test_an_outsider_neither_starts_nor_sees_it(client_for, outsider, tenant, owner):
    client = client_for(outsider)
    assert client.post(COMPARE, {"tenant": tenant.pk}).status_code == 404
    row = full_passes.start(tenant, owner)
    assert client.get(PAGE, {"id": row.pk}).status_code == 404
    assert client.get(LIVE, {"id": row.pk}).status_code == 404
    assert tenant.name not in client.get(LIST).content.decode()


def test_a_second_press_leads_to_the_pass_that_runs_already(client_for, colleague, tenant):
    client = client_for(colleague)
    first = client.post(COMPARE, {"tenant": tenant.pk})["Location"]
    assert client.post(COMPARE, {"tenant": tenant.pk})["Location"] == first
    assert MatchPass.objects.count() == 1
    assert first in client.get(LIST).content.decode()


def test_a_pass_compares_and_says_what_it_found(client_for, colleague, tenant, twins):
    client = client_for(colleague)
    address = client.post(COMPARE, {"tenant": tenant.pk})["Location"]
    row = MatchPass.objects.get()
    assert "Waiting for a worker" in client.get(address).content.decode()
    assert full_passes.work(row.pk)
    assert MatchCandidate.objects.count() == 1
    live = client.get(LIVE, {"id": row.pk})
    assert live["X-Refresh"] == "done"
    assert "2 customers compared" in live.content.decode()
    entry = AuditEntry.objects.get(action="duplicates.looked_for")
    assert (entry.actor, entry.note) == (colleague, "1 pairs among 2")


def test_its_progress_is_seen_while_it_compares(tenant, owner, twins, monkeypatch):
    """And not only when it is over: nothing of it waits for the transaction that writes the pairs."""
    seen, row = [], full_passes.start(tenant, owner)
    real = passes.compare_all

    def watched(*args, progress, **options):
        def told(done, total):
            progress(done, total)
            seen.append(MatchPass.objects.values_list("what", "done", "total").get())
            seen.append(list(connection.savepoint_ids))

        return real(*args, progress=told, **options)

    monkeypatch.setattr(passes, "compare_all", watched)
    assert full_passes.work(row.pk)
    assert seen == [("comparing pairs", 1, 1), []]


def test_what_is_certain_is_merged_at_its_end_where_that_is_wanted(tenant, owner, twins):
    MatchSettings.objects.create(tenant=tenant, merges_by_itself=True, review_from=0.3, merge_from=0.5)
    row = full_passes.start(tenant, owner)
    assert full_passes.work(row.pk)
    row.refresh_from_db()
    assert row.merged == 1
    assert Customer.objects.filter(merged_into__isnull=False).count() == 1


def test_a_worker_that_dies_is_followed_by_another(tenant, owner, twins, monkeypatch):
    row = full_passes.start(tenant, owner)
    MatchPass.objects.update(state=State.RUNNING, attempts=1, lease_until=timezone.now() + LEASE)
    assert full_passes.work(row.pk) is False
    MatchPass.objects.update(lease_until=timezone.now() - LEASE, created_at=timezone.now() - LEASE)
    called: list[int] = []
    monkeypatch.setattr(full_passes, "call_worker", called.append)
    assert full_passes.resume(timezone.now()) == 1
    assert called == [row.pk]
    assert full_passes.work(row.pk)
