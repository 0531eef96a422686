"""Writing to Salesforce: 200 rows a call, an answer for each, and the same rows when a call is repeated."""

import json

import pytest
import requests
import responses

from integrations import connecting, linking, runs, syncing
from integrations.models import AccessToken, Delivery, SyncRule
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import Customer, Link
from tests.integrations.pushes import change, push, states, time_passes
from tests.integrations.test_salesforce_linking import work_it_off
from tests.salesforce_org import KEY, Org, an_id, stamp

pytestmark = pytest.mark.django_db(transaction=True)

LOCKED = {"statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access", "fields": []}


@pytest.fixture
def org():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Org(mock)


@pytest.fixture
def linked(tenant, org, impatient):
    """Connected and read once; customers go both ways."""
    connection = connecting.save_credentials(
        tenant,
        "salesforce",
        {"way": "log_in", "client_id": "key", "client_secret": "secret"},
        environment="production",
        allowed_hosts=[],
    )
    AccessToken.objects.update_or_create(connection=connection, defaults={"grant": "grant-1"})
    linking.test_and_start(connection, user=None)
    work_it_off()
    connection.rules.filter(entity__in=["customer", "person"]).update(direction=SyncRule.Direction.BOTH)
    org.asked.clear()
    connection.refresh_from_db()
    return connection


def made(tenant, count):
    """So many customers, made here."""
    return [add(ENTITIES["customer"], tenant.pk, {"name": f"Customer {n:03d}"}) for n in range(count)]


def writes(org):
    return [call for call in org.asked if call[0] == "PATCH"]


def test_new_customers_go_200_a_call_under_the_records_own_key(linked, tenant, org):
    customers = made(tenant, 250)
    assert push(linked, "customer") == 250
    sizes = [len(json.loads(body)["records"]) for _, _, body in writes(org)]
    assert sorted(sizes) == [50, 200], "as few calls as there can be, at the same time"
    assert {path.rpartition("/sobjects/")[2] for _, path, _ in writes(org)} == {f"Account/{KEY}"}
    assert {row[KEY] for row in org.rows["Account"]} == {f"{tenant.pk}-{one.pk}" for one in customers}
    assert set(states()) == {"done"}
    assert Link.objects.filter(entity="customer", state="live").count() == 250


def test_what_was_written_comes_back_as_no_change_and_as_no_second_customer(linked, tenant, org):
    made(tenant, 3)
    push(linked, "customer")
    syncing.start(linked, user=None)
    work_it_off()
    assert Customer.objects.count() == 3
    run = linked.rules.get(entity="customer").runs.first()
    assert (run.created, run.failed) == (0, 0)
    assert set(states()) == {"done"}, "what comes back owes nothing"


def test_one_bad_row_never_fails_its_neighbours(linked, tenant, org):
    made(tenant, 200)
    org.row_errors["Customer 007"] = {
        "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "James is not a customer", "fields": ["Name"],
    }  # fmt: skip
    push(linked, "customer")
    assert len(writes(org)) == 1
    assert (states().count("done"), states().count("needs_person")) == (199, 1)
    bad = Delivery.objects.get(state="needs_person")
    assert Customer.objects.get(pk=bad.record_id).name == "Customer 007"
    assert "James is not a customer" in bad.message
    assert bad.who == "fix_record"


def test_a_row_that_somebody_has_locked_waits_alone_and_goes_later(linked, tenant, org):
    made(tenant, 3)
    org.row_errors["Customer 001"] = LOCKED
    push(linked, "customer")
    assert sorted(states()) == ["done", "done", "owed"]
    assert Delivery.objects.get(state="owed").reason == "row_locked"
    org.row_errors.clear()
    time_passes()
    push(linked, "customer")
    assert set(states()) == {"done"}
    assert len(org.rows["Account"]) == 3


def test_a_batch_whose_answer_was_lost_is_sent_again_and_is_the_same_rows(linked, tenant, org):
    made(tenant, 2)
    original = org._save

    def save_then_break(record, key):
        original(record, key)
        raise requests.ConnectionError("after the commit")

    org._save = save_then_break
    push(linked, "customer")
    assert set(states()) == {"unknown"}
    org._save = original
    time_passes()
    push(linked, "customer")
    assert set(states()) == {"done"}
    assert len(org.rows["Account"]) == 2


def test_no_reading_meets_rows_whose_write_was_not_answered(linked, tenant, org):
    made(tenant, 1)
    for _ in range(9):
        org.refuse("composite/sobjects", 503, "<html>")
    push(linked, "customer")
    assert states() == ["unknown"]
    runs.ask(linked.rules.get(entity="customer"), "person")
    work_it_off()
    assert linked.rules.get(entity="customer").runs.first().state == "queued"


def test_edits_of_linked_customers_are_one_read_and_one_write(linked, tenant, org):
    for number in range(1, 6):
        org.account(number, f"Account {number}", minutes=5)
    syncing.start(linked, user=None)
    work_it_off()
    org.asked.clear()
    for customer in Customer.objects.all():
        change("customer", customer.pk, name=f"{customer.name} Ltd")
    push(linked, "customer")
    assert [method for method, path, _ in org.asked if "describe" not in path] == ["GET", "PATCH"]
    assert {row["Name"] for row in org.rows["Account"]} == {f"Account {n} Ltd" for n in range(1, 6)}
    assert set(states()) == {"done"}


def test_what_was_changed_there_meanwhile_is_taken_in_and_not_overwritten(linked, org):
    row = org.account(1, "Before", minutes=5)
    syncing.start(linked, user=None)
    work_it_off()
    linked.rules.filter(entity="customer").update(policy="ask")
    change("customer", Customer.objects.get().pk, name="Ours")
    row.update(Name="Theirs", SystemModstamp=stamp(30))
    push(linked, "customer")
    assert row["Name"] == "Theirs"
    assert [(d.state, d.reason) for d in Delivery.objects.all()] == [("not_needed", "conflict")]


def test_a_person_goes_after_its_customer_and_names_it(linked, tenant, org):
    customer = made(tenant, 1)[0]
    add(ENTITIES["person"], tenant.pk, {"last_name": "Rossi"}, {"customer": customer})
    push(linked, "person")
    assert Delivery.objects.get(entity="person").reason == "waits"
    time_passes()
    push(linked, "customer", "person")
    account = org.rows["Account"][0]
    assert org.rows["Contact"][0]["AccountId"] == account["Id"]


def test_without_the_external_id_field_nothing_is_created_and_the_steps_are_told(linked, tenant, org):
    org.fields["Account"].remove(KEY)
    connecting.test(linked)
    org.asked.clear()
    made(tenant, 1)
    linked.refresh_from_db()
    push(linked, "customer")
    assert not org.rows["Account"]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.who) == ("needs_person", "fix_configuration")
    assert "External ID" in delivery.message


def test_a_record_that_was_deleted_there_says_so_and_the_others_go(linked, org):
    rows = [org.account(n, f"Account {n}", minutes=5) for n in (1, 2)]
    syncing.start(linked, user=None)
    work_it_off()
    rows[0]["IsDeleted"] = True
    for customer in Customer.objects.all():
        change("customer", customer.pk, name=f"{customer.name} Ltd")
    push(linked, "customer")
    assert sorted(states()) == ["done", "needs_person"]
    assert rows[1]["Name"] == "Account 2 Ltd"
    assert an_id("001", 1) == rows[0]["Id"]


def test_a_row_that_somebody_changed_before_we_learned_of_it_keeps_their_value(linked, tenant, org):
    """Its create was never answered; sending it again would overwrite what they wrote meanwhile."""
    (customer,) = made(tenant, 1)
    original = org._save

    def save_then_break(record, key):
        original(record, key)
        raise requests.ConnectionError("after the commit")

    org._save = save_then_break
    push(linked, "customer")
    org._save = original
    org.rows["Account"][0].update(Name="Theirs", SystemModstamp=stamp(60))
    time_passes()
    push(linked, "customer")
    customer.refresh_from_db()
    assert (org.rows["Account"][0]["Name"], customer.name) == ("Theirs", "Theirs")
    assert (len(org.rows["Account"]), states()) == (1, ["done"])


def test_a_look_up_that_fails_leaves_the_outcome_unknown_so_that_no_reading_meets_the_row(
    linked, tenant, org
):
    made(tenant, 1)
    original = org._save

    def save_then_break(record, key):
        original(record, key)
        raise requests.ConnectionError("after the commit")

    org._save = save_then_break
    push(linked, "customer")
    org._save = original
    for _ in range(9):
        org.refuse("queryAll", 503, "<html>")
    time_passes()
    push(linked, "customer")
    assert states() == ["unknown"]
