"""What goes wrong on the way out: nothing is lost, nothing is done twice, and whoever must act is told."""

import pytest

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.servicetitan.client import ServiceTitanConnector
from integrations.models import Connection, Delivery, Outbox
from integrations.push import timing
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Link
from tests.integrations.pushes import both_ways, change, effects, push, states, time_passes
from tests.integrations.syncs import bad, sync

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]
CRM = ("customer", "location", "customer_contact")


@pytest.fixture
def synced(connection) -> Connection:
    both_ways(connection, *CRM)
    assert bad(sync(connection, *CRM)) == {}
    return connection


@pytest.fixture
def customer(synced) -> Customer:
    return Customer.objects.filter(active=True, merged_into=None).order_by("pk").first()


def new_customer(tenant, name="Nora New") -> Customer:
    address = {
        "street": "4 Elm St",
        "city": "Lynchburg",
        "state": "VA",
        "postal_code": "24501",
        "country": "USA",
    }
    person = add(ENTITIES["customer"], tenant.pk, {"name": name, "kind": "Residential", **address})
    add(ENTITIES["location"], tenant.pk, {"name": "Home", **address}, {"customer": person})
    phone = {"kind": "mobile", "value": "(434) 555-0134"}
    add(ENTITIES["customer_contact"], tenant.pk, phone, {"customer": person})
    return person


def named(sandbox, name) -> list:
    return [row for row in sandbox.control.rows("customers") if row["name"] == name]


def the_delivery(entity="customer") -> Delivery:
    return Delivery.objects.filter(entity=entity).latest("id")


# --- Creates ---------------------------------------------------------------------------------------------------------


def test_a_customer_made_here_is_created_there_with_its_location_and_contact_in_one_call(
    synced, sandbox, tenant
):
    person = new_customer(tenant)
    push(synced)
    [row] = named(sandbox, "Nora New")
    made = [entry.table for entry in effects(sandbox.control)]
    assert sorted(made) == ["customer-contacts", "customers", "locations"]
    for entity in CRM:
        assert Link.objects.filter(entity=entity, record_id__isnull=False).exists()
    assert Link.objects.get(entity="customer", external_id=str(row["id"])).record_id == person.pk
    assert states(entity="location")[-1:] == ["not_needed"]
    before = {entity: ENTITIES[entity].objects.count() for entity in CRM}
    runs = sync(synced, *CRM)
    assert bad(runs) == {}
    assert {entity: ENTITIES[entity].objects.count() for entity in CRM} == before, "nothing came back as new"
    assert sum(run.created for run in runs.values()) == 0


@pytest.mark.parametrize("fault", ["lost_reply", "late_error", "cut_body", "truncated_json"])
def test_a_create_whose_answer_is_lost_is_found_and_not_repeated(synced, sandbox, tenant, fault):
    new_customer(tenant)
    sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/customers")
    push(synced, "customer")
    assert the_delivery().state in {"unknown", "owed"}
    assert len(named(sandbox, "Nora New")) == 1
    push(synced, "customer")
    assert the_delivery().state != "done", "it is not looked for before it can no longer take effect"
    time_passes()
    push(synced)
    assert the_delivery().state == "done"
    assert len(named(sandbox, "Nora New")) == 1
    sync(synced, *CRM)
    assert Customer.objects.filter(name="Nora New").count() == 1


def test_a_create_that_is_answered_with_nothing_is_looked_for_at_once(synced, sandbox, tenant):
    new_customer(tenant)
    sandbox.control.faults("empty_body:1,count=1,method=POST,path=/customers")
    push(synced, "customer")
    assert the_delivery().state == "done"
    assert len(named(sandbox, "Nora New")) == 1


@pytest.mark.parametrize("fault", ["reset", "server_error", "html_502", "service_unavailable"])
def test_a_create_that_never_arrived_is_sent_again(synced, sandbox, tenant, fault):
    new_customer(tenant)
    sandbox.control.faults(f"{fault}:1,count=1,method=POST,path=/customers")
    push(synced, "customer")
    assert named(sandbox, "Nora New") == []
    time_passes()
    push(synced)
    assert the_delivery().state == "done"
    assert len(named(sandbox, "Nora New")) == 1


def test_while_an_outcome_is_unknown_no_pull_takes_the_new_row_for_a_stranger(synced, sandbox, tenant):
    new_customer(tenant)
    sandbox.control.faults("lost_reply:1,count=1,method=POST,path=/customers")
    push(synced, "customer")
    run = sync(synced, "customer")["customer"]
    assert run.is_open
    assert Customer.objects.filter(name="Nora New").count() == 1
    time_passes()
    assert bad(sync(synced, "customer")) == {}
    assert Customer.objects.filter(name="Nora New").count() == 1
    assert the_delivery().state == "done"


def test_without_the_application_guid_nothing_is_created_and_the_reason_is_told(tenant, sandbox, connect_to):
    connection = connect_to(tenant, sandbox)
    connection.credentials = {
        name: value for name, value in connection.credentials.reveal().items() if name != "application_guid"
    }
    connection.save()
    both_ways(connection, *CRM)
    sync(connection, *CRM)
    new_customer(tenant)
    push(connection, "customer")
    assert (the_delivery().state, the_delivery().reason) == ("needs_person", "no_application_guid")
    assert "External Data Application GUID" in the_delivery().message
    assert named(sandbox, "Nora New") == []


# --- Changes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "late_error", "truncated_json"])
def test_a_change_whose_answer_is_lost_is_seen_to_have_arrived(synced, sandbox, customer, fault):
    change("customer", customer.pk, name="Once")
    sandbox.control.faults(f"{fault}:1,count=1,method=PATCH")
    push(synced)
    assert the_delivery().state == "unknown"
    change("customer", customer.pk, name="Twice")
    time_passes()
    push(synced)
    assert [dict(e.after) for e in effects(sandbox.control)] == [{"name": "Once"}, {"name": "Twice"}]
    assert set(states()) <= {"done", "not_needed"}


def test_ten_edits_are_one_write(synced, sandbox, customer):
    for number in range(10):
        change("customer", customer.pk, name=f"Name {number}")
    assert states() == ["owed"]
    push(synced)
    assert [dict(e.after) for e in effects(sandbox.control)] == [{"name": "Name 9"}]
    assert the_delivery().changes == 10


def test_an_address_goes_whole_and_nothing_else_goes_with_it(synced, sandbox, customer):
    there = sandbox.control.row("customers", int(customer.external_id))["address"]
    change("customer", customer.pk, street="77 New Street")
    push(synced)
    [effect] = effects(sandbox.control)
    assert set(effect.after) == {"address"}
    now = effect.after["address"]
    assert now["street"] == "77 New Street"
    assert {n: now[n] or "" for n in there if n != "street"} == {
        n: there[n] or "" for n in there if n != "street"
    }


def test_a_record_that_is_refused_waits_for_a_person_and_goes_once_it_is_mended(synced, sandbox, customer):
    change("customer", customer.pk, kind="Martian")
    push(synced)
    delivery = the_delivery()
    assert (delivery.state, delivery.who, delivery.refusals) == ("needs_person", "fix_record", 1)
    assert "Type" in delivery.message
    assert delivery.request == {"type": "Martian"}
    push(synced)
    assert the_delivery().refusals == 1, "it is not tried again by itself"
    change("customer", customer.pk, kind="Commercial")
    assert states() == ["owed"]
    push(synced)
    assert the_delivery().state == "done"


def test_a_no_that_may_pass_is_tried_a_few_times_and_then_waits_for_a_person(synced, customer, monkeypatch):
    def busy(*args, **kwargs):
        raise RemoteError(Who.FIX_RECORD, "conflict", "Somebody has it open.", status=409)

    monkeypatch.setattr(ServiceTitanConnector, "update", busy)
    change("customer", customer.pk, name="Said No To")
    for count in range(1, timing.current().most_refusals):
        push(synced)
        assert (the_delivery().state, the_delivery().refusals) == ("owed", count)
        assert the_delivery().next_try_at is not None
        time_passes()
    push(synced)
    assert (the_delivery().state, the_delivery().reason) == ("needs_person", "conflict")
    assert "Somebody has it open" in the_delivery().message


def test_a_value_that_the_system_takes_and_drops_is_told(synced, sandbox, customer, monkeypatch):
    from integrations.sandbox.servicetitan import write_crm

    monkeypatch.setattr(write_crm, "plain", lambda body: {})
    change("customer", customer.pk, name="Dropped")
    push(synced)
    assert (the_delivery().state, the_delivery().reason) == ("needs_person", "ignored")
    customer.refresh_from_db()
    assert customer.name == "Dropped", "what a person wrote is not undone behind their back"


def test_one_record_refused_holds_up_no_other(synced, sandbox):
    one, two = Customer.objects.filter(active=True, merged_into=None).order_by("pk")[:2]
    change("customer", one.pk, kind="Martian")
    change("customer", two.pk, name="Fine")
    push(synced)
    assert states(record_id=one.pk) == ["needs_person"]
    assert states(record_id=two.pk) == ["done"]


# --- A system that does not answer -------------------------------------------------------------------------------------


def test_a_system_that_does_not_answer_is_left_alone_as_a_whole_and_shown_as_down(synced, sandbox):
    for customer in Customer.objects.filter(active=True, merged_into=None).order_by("pk")[:4]:
        change("customer", customer.pk, name=f"New {customer.pk}")
    sandbox.control.faults("service_unavailable")
    for _ in range(timing.current().down_after):
        assert push(synced) == 1, "one try, then the whole connection waits"
        assert push(synced) == 0
        time_passes()
    synced.refresh_from_db()
    assert synced.health == "degraded"
    assert "does not answer" in synced.problem
    assert Outbox.objects.get().down_since is not None
    assert Delivery.objects.filter(state="needs_person").count() == 0, "nobody has to do anything"
    sandbox.control.faults()
    time_passes()
    push(synced)
    synced.refresh_from_db()
    assert set(states()) == {"done"}
    assert (synced.problem, synced.health) == ("", "healthy")
    assert Outbox.objects.get().down_since is None


def test_a_pause_that_is_asked_for_is_kept_and_counts_as_no_failure(synced, sandbox, customer):
    change("customer", customer.pk, name="Patient")
    sandbox.control.faults("rate_limited_with_retry_after:1,argument=120")
    assert push(synced) == 1
    outbox, delivery = Outbox.objects.get(), the_delivery()
    assert 100 < (outbox.hold_until - delivery.created_at).total_seconds() < 140
    assert (delivery.state, delivery.silences, delivery.refusals, outbox.silences) == ("owed", 0, 0, 0)


# --- What a rule and a system allow ------------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", ["invoice", "payment", "estimate"])
def test_what_belongs_to_the_system_is_never_written_whatever_the_rule_says(synced, sandbox, entity):
    from integrations.push.sides import side_of

    sync(synced)
    rule = synced.rules.get(entity=entity)
    rule.direction = "both"
    rule.save()
    row = ENTITIES[entity].objects.first()
    change(entity, row.pk, summary="mine") if entity != "payment" else change(entity, row.pk, memo="mine")
    assert not Delivery.objects.filter(entity=entity).exists()
    with pytest.raises(ValueError, match="lets nobody write"):
        side_of(rule)
    push(synced)
    assert effects(sandbox.control) == []


def test_a_rule_that_only_pulls_owes_nothing(synced, sandbox, customer):
    synced.rules.update(direction="pull")
    change("customer", customer.pk, name="Quiet")
    assert states() == []


def test_the_other_systems_hear_of_a_change_and_its_origin_does_not(synced, sandbox, customer):
    sandbox.control.change("customers", int(customer.external_id), name="From there")
    sync(synced, "customer")
    customer.refresh_from_db()
    assert customer.name == "From there"
    assert states() == []


def test_what_is_edited_between_a_lost_answer_and_its_look_up_is_sent_too(synced, sandbox, tenant):
    """Found by the torture: the edit had joined the delivery whose body was made before it."""
    person = new_customer(tenant)
    sandbox.control.faults("lost_reply:1,count=1,method=POST,path=/customers")
    push(synced, "customer")
    change("customer", person.pk, name="Nora Newer")
    time_passes()
    push(synced, "customer")
    push(synced, "customer")
    assert len(named(sandbox, "Nora Newer")) == 1
    assert set(states(entity="customer")) == {"done"}


def test_a_look_up_that_fails_leaves_the_outcome_as_open_as_it_was(synced, sandbox, tenant):
    new_customer(tenant)
    sandbox.control.faults("lost_reply:1,count=1,method=POST,path=/customers")
    push(synced, "customer")
    time_passes()
    sandbox.control.faults("server_error:1,method=GET,path=/customers")
    push(synced, "customer")
    assert the_delivery().state == "unknown", "as owed, the next pull would take the row for a stranger"
    sandbox.control.faults()
    time_passes()
    push(synced, "customer")
    assert the_delivery().state == "done"
    assert len(named(sandbox, "Nora New")) == 1


def test_a_create_that_cannot_be_read_back_is_met_by_no_pull_before_it_is_known(synced, sandbox, tenant):
    new_customer(tenant)
    sandbox.control.faults("server_error:1,method=GET,path=/locations")
    push(synced, "customer")
    assert (the_delivery().state, len(named(sandbox, "Nora New"))) == ("unknown", 1)
    sandbox.control.faults()
    assert sync(synced, "customer")["customer"].is_open
    time_passes()
    push(synced)
    assert the_delivery().state == "done"
    sync(synced, *CRM)
    assert Customer.objects.filter(name="Nora New").count() == 1
    assert len(named(sandbox, "Nora New")) == 1
