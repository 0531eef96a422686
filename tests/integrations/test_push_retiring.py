"""A merge's loser at the source: left to a person, or set inactive there and active again by the undo."""

import pytest

from reconciliation import merge_tasks
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge, undo
from reconciliation.models import Customer, MergeSettings
from tests.integrations.pushes import both_ways, change, effects, push, states, time_passes
from tests.integrations.syncs import bad, sync

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
CUSTOMER = ENTITIES["customer"]


@pytest.fixture
def pair(connection) -> tuple[Customer, Customer]:
    """Two customers that both sides hold, of a rule that goes both ways."""
    both_ways(connection, "customer")
    assert bad(sync(connection, "customer")) == {}
    one, other = Customer.objects.filter(active=True, merged_into=None).order_by("pk")[:2]
    return one, other


@pytest.fixture
def wanted(tenant) -> MergeSettings:
    return MergeSettings.objects.create(tenant=tenant, loser=MergeSettings.Loser.INACTIVE)


def is_active(sandbox, record) -> bool:
    return sandbox.control.row("customers", int(record.external_id))["active"]


def tasks(tenant) -> int:
    return merge_tasks.waiting([tenant.pk]).count()


def test_nothing_is_set_inactive_where_a_person_merges_there(connection, sandbox, pair, tenant):
    one, other = pair
    merge(CUSTOMER, one.pk, [other.pk])
    push(connection)
    assert is_active(sandbox, other)
    assert states(record_id=other.pk) == ["not_needed"]
    assert tasks(tenant) == 1


def test_a_rule_that_only_pulls_sets_nothing_inactive_and_leaves_a_task(
    connection, sandbox, pair, wanted, tenant
):
    one, other = pair
    connection.rules.update(direction="pull")
    merge(CUSTOMER, one.pk, [other.pk])
    push(connection)
    assert is_active(sandbox, other)
    assert tasks(tenant) == 1


def test_the_loser_is_set_inactive_there_once_and_the_survivor_is_not(
    connection, sandbox, pair, wanted, tenant
):
    one, other = pair
    merge(CUSTOMER, one.pk, [other.pk])
    push(connection), push(connection)
    assert not is_active(sandbox, other)
    assert is_active(sandbox, one)
    assert [dict(effect.after) for effect in effects(sandbox.control, "customers")] == [{"active": False}]
    assert states(record_id=other.pk) == ["done"]
    assert tasks(tenant) == 0
    before = Customer.objects.get(pk=one.pk).version
    assert bad(sync(connection, "customer")) == {}
    one.refresh_from_db()
    assert (one.active, one.version) == (True, before)


def test_one_that_is_inactive_there_already_needs_no_call(connection, sandbox, pair, wanted, tenant):
    one, other = pair
    sandbox.control.change("customers", int(other.external_id), active=False)
    merge(CUSTOMER, one.pk, [other.pk])
    push(connection)
    assert effects(sandbox.control, "customers") == []
    assert tasks(tenant) == 0


@pytest.mark.parametrize("fault", ["lost_reply", "late_error", "truncated_json"])
def test_an_answer_that_was_lost_is_found_out_and_nothing_sent_twice(
    connection, sandbox, pair, wanted, tenant, fault
):
    one, other = pair
    merge(CUSTOMER, one.pk, [other.pk])
    sandbox.control.faults(f"{fault}:1,count=1,method=PATCH")
    push(connection)
    time_passes()
    push(connection)
    assert states(record_id=other.pk) == ["done"]
    assert len(effects(sandbox.control, "customers")) == 1
    assert tasks(tenant) == 0


def test_an_undo_while_the_answer_is_not_known_leaves_it_active(connection, sandbox, pair, wanted):
    one, other = pair
    act = merge(CUSTOMER, one.pk, [other.pk])
    sandbox.control.faults("lost_reply:1,count=1,method=PATCH")
    push(connection)
    assert not is_active(sandbox, other)
    undo(act)
    for _ in range(3):
        time_passes()
        push(connection)
    assert is_active(sandbox, other)
    assert set(states()) <= {"done", "not_needed"}


def test_an_undo_sets_it_active_again_and_later_edits_go_out_as_ever(connection, sandbox, pair, wanted):
    one, other = pair
    act = merge(CUSTOMER, one.pk, [other.pk])
    push(connection)
    assert bad(sync(connection, "customer")) == {}
    undo(act)
    change("customer", other.pk, name="Ada Lovelace")
    push(connection), push(connection)
    assert is_active(sandbox, other)
    assert states(record_id=other.pk, state="owed") == []
    assert sandbox.control.row("customers", int(other.external_id))["name"] == "Ada Lovelace"
    assert bad(sync(connection, "customer")) == {}
    other.refresh_from_db()
    assert (other.active, other.name, other.merged_into_id) == (True, "Ada Lovelace", None)


def test_an_undo_before_anything_was_sent_leaves_it_alone(connection, sandbox, pair, wanted):
    one, other = pair
    undo(merge(CUSTOMER, one.pk, [other.pk]))
    push(connection)
    assert effects(sandbox.control, "customers") == []
    assert is_active(sandbox, other)
