"""Batches of a push: the next is made ready while calls are under way, and nothing is begun before its turn."""

import json
from concurrent.futures import Executor

import pytest
import requests
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import syncing
from integrations.models import Delivery, SyncRule
from integrations.push import batching, placing, working
from integrations.push.retrying import give_up
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Link
from tests.integrations.pushes import change, push, states, time_passes
from tests.integrations.test_salesforce_linking import work_it_off
from tests.integrations.test_salesforce_writing import linked, made, org, writes

__all__ = ["linked", "org"]
pytestmark = pytest.mark.django_db(transaction=True)


class Later(Executor):
    """Calls under way end when somebody waits for them: the latest that they can."""

    def __init__(self, *_, **__):
        pass

    def submit(self, fn, /, *args, **kwargs):
        return Call(lambda: fn(*args, **kwargs))

    def map(self, fn, *iterables, **_):
        return map(fn, *iterables)


class Call:
    def __init__(self, run):
        self.result = run


@pytest.fixture
def seen(monkeypatch, org):
    """What happens, in order: "placed" and the methods of calls; portions are of two, calls as slow as can be."""
    monkeypatch.setattr(working, "Pool", Later)
    monkeypatch.setattr(working, "portion_of", lambda rule, write: 2)
    place = placing.place

    def noted(sender, deliveries):
        org.asked.append(("placed", "", ""))
        return place(sender, deliveries)

    monkeypatch.setattr(batching.placing, "place", noted)
    return lambda: [method for method, path, _ in org.asked if "describe" not in path]


def test_the_next_rows_are_made_ready_while_calls_are_under_way(linked, tenant, seen):
    made(tenant, 6)
    push(linked, "customer")
    assert seen() == ["placed", "placed", "PATCH", "placed", "PATCH", "PATCH"]
    assert set(states()) == {"done"}
    assert Link.objects.filter(entity="customer", state="live").count() == 6


def test_after_a_silence_nothing_of_the_next_rows_is_sent_or_begun(linked, tenant, org, seen):
    made(tenant, 4)

    def broken(record, key):
        raise requests.ConnectionError("gone")

    original, org._save = org._save, broken
    push(linked, "customer")
    assert seen() == ["placed", "placed", "PATCH"]
    assert states() == ["unknown", "unknown", "owed", "owed"]
    assert not Delivery.objects.filter(state="owed", begun_at__isnull=False).exists()
    org._save = original
    time_passes()
    push(linked, "customer")
    assert (set(states()), len(org.rows["Account"])) == ({"done"}, 4)


def test_rows_that_are_there_are_read_only_when_the_calls_before_have_ended(linked, tenant, org, seen):
    for number in (1, 2, 3, 4):
        org.account(number, f"Account {number}", minutes=5)
    syncing.start(linked, user=None)
    work_it_off()
    org.asked.clear()
    for customer in Customer.objects.order_by("pk"):
        change("customer", customer.pk, name=f"{customer.name} Ltd")
    push(linked, "customer")
    assert seen() == ["placed", "GET", "placed", "PATCH", "GET", "PATCH"]
    assert {row["Name"] for row in org.rows["Account"]} == {f"Account {n} Ltd" for n in (1, 2, 3, 4)}


def meanwhile(org, act):
    """Do this once, while the first call is under way."""
    original = org._save

    def save(record, key):
        org._save = original
        act()
        return original(record, key)

    org._save = save


def test_what_is_given_up_before_its_turn_is_not_sent(linked, tenant, org, seen):
    third = made(tenant, 4)[2]
    meanwhile(org, lambda: give_up(Delivery.objects.filter(record_id=third.pk), user=None))
    push(linked, "customer")
    assert states() == ["done", "done", "given_up", "done"]
    assert len(org.rows["Account"]) == 3


def test_what_is_edited_before_its_turn_is_sent_once_as_it_is_then(linked, tenant, org, seen):
    fourth = made(tenant, 4)[3]
    meanwhile(org, lambda: change("customer", fourth.pk, name="Newer"))
    push(linked, "customer")
    assert states() == ["done"] * 4
    names = [row["Name"] for _, _, body in writes(org) for row in json.loads(body)["records"]]
    assert names == ["Customer 000", "Customer 001", "Customer 002", "Newer"]


def test_a_worker_that_dies_between_two_portions_leaves_what_it_sent_to_be_looked_for(
    linked, tenant, org, seen, monkeypatch
):
    """The second portion was written down, the answers to the first were not: neither is sent a second time."""
    made(tenant, 4)

    def dies(sender, answered):
        if answered:
            raise KeyboardInterrupt
        return True

    with monkeypatch.context() as patched:
        patched.setattr(batching.accepting, "note", dies)
        with pytest.raises(KeyboardInterrupt):
            push(linked, "customer")
    assert set(states()) == {"sending"}
    sent = len(writes(org))
    time_passes()
    push(linked, "customer")
    assert (set(states()), len(org.rows["Account"])) == ({"done"}, 4)
    assert len(writes(org)) == sent + 1, "the two whose call was never made"


def test_many_that_wait_cost_no_query_each(linked, tenant):
    def queries(count):
        for customer in made(tenant, count):
            add(ENTITIES["person"], tenant.pk, {"last_name": "Rossi"}, {"customer": customer})
        with CaptureQueriesContext(connection) as asked:
            assert push(linked, "person") == count
        return len(asked)

    queries(1)
    few = queries(2)
    assert queries(20) <= few


def test_what_waits_for_its_turn_is_found_by_its_index_in_its_order(linked, tenant):
    made(tenant, 3)
    rule = SyncRule.objects.get(connection=linked, entity="customer")
    due = working.due_of(rule, timezone.now()).order_by("backfill", "id")[:2]
    with transaction.atomic():
        if (
            connection.vendor == "postgresql"
        ):  # a table as small as this is read whole, unless that is forbidden
            connection.cursor().execute("SET LOCAL enable_seqscan TO off; SET LOCAL enable_sort TO off")
        plan = due.explain()
    assert "delivery_turn" in plan
    assert "TEMP B-TREE" not in plan, "SQLite sorts nothing"
