"""Contacts taken away here are taken away there, whatever becomes of the answer; and nothing else ever is."""

import pytest

from integrations.models import Delivery, SyncRule
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Contact, Customer
from tests.integrations.pushes import both_ways, change, push, states, time_passes
from tests.integrations.syncs import bad, sync

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
ENTITY = "customer_contact"


@pytest.fixture
def synced(connection):
    both_ways(connection, ENTITY)
    assert bad(sync(connection, "customer", ENTITY)) == {}
    return connection


@pytest.fixture
def phone(synced) -> Contact:
    live = Contact.objects.filter(active=True, customer__active=True, customer__merged_into=None)
    return live.order_by("pk").first()


def is_there(sandbox, contact) -> bool:
    rows = sandbox.control.store["customer-contacts"].rows
    return rows[int(contact.external_id)].active


def test_where_the_portal_only_reads_nothing_is_taken_away_there(synced, sandbox, phone):
    synced.rules.filter(entity=ENTITY).update(direction=SyncRule.Direction.PULL)
    change(ENTITY, phone.pk, active=False)
    assert push(synced) == 0
    assert is_there(sandbox, phone)


def test_one_that_is_gone_there_already_needs_no_call(synced, sandbox, phone):
    sandbox.control.store["customer-contacts"].remove(int(phone.external_id), sandbox.control.now_ticks())
    change(ENTITY, phone.pk, active=False)
    push(synced)
    assert states(entity=ENTITY) == ["not_needed"]


def test_one_that_was_never_sent_is_never_sent(synced, sandbox):
    owner = Customer.objects.filter(active=True, merged_into=None).order_by("pk").first()
    made = add(
        ENTITIES[ENTITY], owner.tenant_id, {"kind": "phone", "value": "775-555-0177"}, {"customer": owner}
    )
    change(ENTITY, made.pk, active=False)
    push(synced)
    assert states(entity=ENTITY) == ["not_needed"]
    assert "775-555-0177" not in [row["value"] for row in sandbox.control.rows("customer-contacts")]


def test_one_taken_away_while_its_create_was_not_answered_does_not_stay_there(synced, sandbox):
    owner = Customer.objects.filter(active=True, merged_into=None).order_by("pk").first()
    sandbox.control.faults("lost_reply:1,count=1,method=POST,path=/contacts")
    made = add(
        ENTITIES[ENTITY], owner.tenant_id, {"kind": "phone", "value": "775-555-0177"}, {"customer": owner}
    )
    push(synced)
    change(ENTITY, made.pk, active=False)
    for _ in range(3):
        time_passes()
        push(synced)
    table = sandbox.control.store["customer-contacts"]
    rows = [row for row, body in table.bodies() if body["value"] == "775-555-0177"]
    assert [row.active for row in rows] == [False], "made once, and taken away"


@pytest.mark.parametrize("fault", ["", "lost_reply", "late_error", "reset", "server_error"])
def test_one_taken_away_here_is_taken_away_there_and_stays_away(synced, sandbox, phone, fault):
    if fault:
        sandbox.control.faults(f"{fault}:1,count=1,method=DELETE,path=/contacts")
    change(ENTITY, phone.pk, active=False)
    push(synced)
    for _ in range(2):
        time_passes()
        push(synced)
    assert not is_there(sandbox, phone)
    assert states(entity=ENTITY) == ["done"]
    assert Delivery.objects.get().operation == "remove"
    assert bad(sync(synced, ENTITY)) == {}
    phone.refresh_from_db()
    assert not phone.active
    assert push(synced) == 0, "what comes back owes nothing"


def test_a_pull_that_comes_first_does_not_bring_it_back(synced, sandbox, phone):
    """Somebody there touched it meanwhile: it comes with the next pull, and is still to be taken away."""
    change(ENTITY, phone.pk, active=False)
    sandbox.control.change("customer-contacts", int(phone.external_id), memo="call after six")
    assert bad(sync(synced, ENTITY)) == {}
    phone.refresh_from_db()
    assert not phone.active
    push(synced)
    assert not is_there(sandbox, phone)


def test_one_taken_away_there_is_taken_away_here_and_owes_nothing(synced, sandbox, phone):
    sandbox.control.store["customer-contacts"].remove(int(phone.external_id), sandbox.control.now_ticks())
    assert bad(sync(synced, ENTITY)) == {}
    phone.refresh_from_db()
    assert not phone.active
    assert states() == []


@pytest.mark.parametrize("direction", ["pull", "push", "both"])
@pytest.mark.parametrize("entity", ["invoice", "payment", "estimate"])
def test_what_the_system_forbids_is_never_written_whatever_the_rule_says(
    connection, sandbox, entity, direction
):
    """Written past the form, into the database: the engine itself refuses, at each of its doors."""
    from integrations import leases
    from integrations.push.owing import owe, pushes
    from integrations.push.sides import side_of
    from integrations.work import push_under
    from tests.integrations.pushes import effects

    parents = ("customer", "location", "job", "payment_type", "business_unit", entity)
    assert bad(sync(connection, *[name for name in RULE_ORDER if name in parents])) == {}
    rule = connection.rules.get(entity=entity)
    rule.direction, rule.enabled = direction, True
    rule.save(update_fields=["direction", "enabled"])
    record = ENTITIES[entity].objects.order_by("pk").first()
    assert not pushes(rule)
    field = {"invoice": "summary", "payment": "memo", "estimate": "summary"}[entity]
    change(entity, record.pk, **{field: "Not for ServiceTitan"})
    assert states(entity=entity) == [], "nothing is owed"
    owe(rule, [record.pk])  # and if it were
    lease = leases.take(rule.pk)
    try:
        assert push_under(lease, seconds=10) == 0
    finally:
        leases.release(lease)
    assert states(entity=entity) == ["owed"]
    assert effects(sandbox.control) == []
    with pytest.raises(ValueError, match="lets nobody write"):
        side_of(rule)


RULE_ORDER = (
    "payment_type",
    "business_unit",
    "customer",
    "location",
    "job",
    "invoice",
    "payment",
    "estimate",
)
