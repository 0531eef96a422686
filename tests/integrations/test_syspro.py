"""SYSPRO from end to end: connected by its form, read by its tables, posted to once, under its operator's seat."""

from decimal import Decimal

import pytest
from django.utils import timezone

from integrations import connecting, leases, syncing
from integrations.admin.credentials import CredentialsForm
from integrations.calls import connector_for
from integrations.connecting import ConnectingFailed
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.registry import CONNECTORS
from integrations.describing import read_fields, warnings
from integrations.mappings import writable_members
from integrations.models import Delivery, Outbox, Seat, SyncRule
from integrations.push import creating
from integrations.push.owing import owe
from integrations.sandbox.faults import Fault
from integrations.work import work
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.models import ApInvoice, ApInvoiceLine, Link, Vendor
from tests.integrations.pushes import push, states, time_passes

pytestmark = pytest.mark.django_db(transaction=True)

POSTS = "/Rest/Transaction"


@pytest.fixture
def store(tenant, settings):
    """`store(company, **changed)`: credentials kept, nothing called yet."""

    def keep(company, **changed):
        return connecting.save_credentials(
            tenant,
            "syspro",
            {**company.credentials, **changed},
            environment="custom",
            api_url=company.api_url,
            auth_url=company.auth_url,
            allowed_hosts=settings.CUSTOM_API_HOSTS,
        )

    return keep


def read(connection):
    syncing.start(connection, user=None)
    for rule in connection.rules.filter(enabled=True).order_by("position"):
        work(rule.pk, seconds=60)


@pytest.fixture
def connected(syspro, store, impatient):
    """Connected, read once, and AP invoices go both ways."""
    connection = store(syspro)
    connecting.test(connection)
    read(connection)
    connection.rules.filter(entity="ap_invoice").update(direction=SyncRule.Direction.BOTH)
    connection.refresh_from_db()
    return connection


def owed(tenant, number="INV-1", amounts=("60.10", "39.90"), **changed):
    """An AP invoice made here, with a line for each amount."""
    total = sum(map(Decimal, amounts))
    values = {
        "kind": "I", "supplier": "1", "number": number, "branch": "10", "invoiced_on": "2026-03-14",
        "reference": "ST-55012", "total": total, "tax": Decimal(0),
    }  # fmt: skip
    lines = [
        {"position": place, "ledger_code": "30-4500", "amount": Decimal(amount), "description": "Parts"}
        for place, amount in enumerate(amounts)
    ]
    found = add(ENTITIES["ap_invoice"], tenant.pk, {**values, **changed})
    ApInvoiceLine.objects.bulk_create(ApInvoiceLine(ap_invoice_id=found.pk, **line) for line in lines)
    return found


def attempts(syspro, outcome="posted"):
    return [one.key for one in syspro.control.company.attempts if one.outcome == outcome]


def spoil(syspro, fault, path=POSTS):
    syspro.control.faults_on.set((Fault(fault, path=path),) if fault else ())


# --- connecting ---


def test_a_wrong_password_fails_the_test_says_so_and_the_connection_waits_for_a_person(syspro, store):
    connection = store(syspro, operator_password="wrong-one")
    with pytest.raises(ConnectingFailed, match="Invalid operator password"):
        connecting.test(connection)
    connection.refresh_from_db()
    assert (connection.status, connection.problem_who) == ("relink", Who.FIX_CONFIGURATION)
    assert "wrong-one" not in connection.problem


def test_an_address_beside_the_allowed_ones_is_refused_in_the_form(syspro, settings):
    settings.CUSTOM_API_HOSTS = ["elsewhere:1"]
    spec = CONNECTORS["syspro"]
    _, wrong = spec.clean(syspro.credentials)
    assert not wrong
    with pytest.raises(Exception, match="CUSTOM_API_HOSTS"):
        spec.check_address("custom", api_url=syspro.api_url, allowed=settings.CUSTOM_API_HOSTS)


def test_the_form_asks_for_both_addresses_in_syspros_words_and_folds_up_what_has_a_default(settings):
    settings.CUSTOM_API_HOSTS = []
    form = CredentialsForm(CONNECTORS["syspro"], None)
    assert [field.label for field in form.address_fields] == ["e.net address", "OData address"]
    assert [choice for choice, _ in form.fields["environment"].choices] == ["custom"]
    assert form["environment"].initial == "custom"
    shown = {field.name for field, _ in form.credential_fields}
    assert {"operator", "operator_password", "company", "odata_user"} <= shown
    assert {field.name for field, _ in form.further_fields} == {
        "odata_dates", "post_large", "posting_period", "ignore_warnings",
    }  # fmt: skip


def test_the_test_tells_the_company_and_rules_ask_every_quarter_of_an_hour(syspro, store):
    connection = store(syspro)
    tested = connecting.test(connection)
    assert tested.check.account.startswith("Company HPA")
    connection.refresh_from_db()
    assert (connection.status, connection.remote_account) == ("connected", "HPA")
    assert set(connection.rules.values_list("interval", flat=True)) == {15}
    assert connection.rules.get(entity="vendor").direction == SyncRule.Direction.PULL
    assert syspro.control.sessions.live() == []


def test_settings_are_shown_as_they_stand_and_secrets_never(syspro, store):
    connection = store(syspro, posting_period="P")
    form = CredentialsForm(CONNECTORS["syspro"], connection)
    assert form["posting_period"].initial == "P"
    assert "selected>the previous one" in str(form["posting_period"])
    shown = " ".join(str(form[name]) for name in form.fields)
    assert [v for n, v in syspro.credentials.items() if "password" in n and v in shown] == []


# --- reading ---


def test_suppliers_accounts_and_invoices_are_read_with_their_ties(connected, syspro):
    invoices = syspro.control.company.store["ApInvoice"].all()
    assert Vendor.objects.count() == 3
    assert ApInvoice.objects.count() == len(invoices)
    assert set(ApInvoice.objects.values_list("vendor__external_id", flat=True)) <= {"1", "2", "3"}
    assert Link.objects.filter(entity="gl_account", external_id="30-4500", state="live").exists()
    row = invoices[0]
    found = ApInvoice.objects.get(number=row["Invoice"])
    assert (found.total, found.balance) == (row["OrigInvValue"], row["MthInvBal1"])
    assert (found.invoiced_on, found.posted_on) == (row["InvoiceDate"], row["JournalDate"])


def test_what_is_read_again_unchanged_changes_nothing_and_a_payment_comes(connected, syspro, tenant):
    owed(tenant)
    push(connected, "ap_invoice")
    read(connected)
    run = connected.rules.get(entity="ap_invoice").runs.order_by("-pk").first()
    assert (run.created, run.updated, run.failed) == (0, 0, 0)
    syspro.control.pay("1", "INV-1")
    read(connected)
    assert ApInvoice.objects.get(number="INV-1").balance == 0


def test_every_rules_fields_are_described_and_no_needed_one_is_left_unmapped(connected, syspro):
    for rule in connected.rules.all():
        assert read_fields(rule) >= 2
    rule = connected.rules.get(entity="ap_invoice")
    assert warnings(rule, list(rule.mappings.all())) == []
    assert {"JournalNotation", "TaxBasis"} <= writable_members(rule)


# --- posting ---


def test_an_invoice_made_here_is_posted_once_with_its_lines_and_read_back(connected, syspro, tenant):
    made = owed(tenant)
    push(connected, "ap_invoice")
    assert (states(), attempts(syspro)) == (["done"], ["1/INV-1"])
    made.refresh_from_db()
    assert made.journal.count("/") == 3
    assert (made.balance, made.posted_on) == (Decimal(100), timezone.now().date().isoformat())
    delivery = Delivery.objects.get()
    assert delivery.external_id == "1/INV-1"
    assert "<LedgerValue>60.10</LedgerValue>" in delivery.reply["exchange"]["document"]
    lines = syspro.control.company.store["ApJnlDistrib"].all()
    assert sorted(row["DistrValue"] for row in lines) == [Decimal("39.90"), Decimal("60.10")]


@pytest.mark.parametrize("fault", ["lost_reply", "late_error", "garbage", "truncated_body"])
def test_a_posting_whose_answer_was_lost_is_found_and_never_posted_again(connected, syspro, tenant, fault):
    owed(tenant)
    spoil(syspro, fault)
    push(connected, "ap_invoice")
    assert states() == ["unknown"]
    spoil(syspro, "")
    time_passes()
    push(connected, "ap_invoice")
    assert (states(), attempts(syspro)) == (["done"], ["1/INV-1"])


def test_an_invoice_that_finance_posted_by_hand_with_the_same_value_is_taken_for_it(
    connected, syspro, tenant
):
    owed(tenant)
    syspro.control.add_invoice("1", "INV-1", "100")
    push(connected, "ap_invoice")
    assert (states(), attempts(syspro)) == (["done"], [])


def test_one_with_another_value_under_its_number_waits_for_a_person(connected, syspro, tenant):
    owed(tenant)
    syspro.control.add_invoice("1", "INV-1", "100.01")
    push(connected, "ap_invoice")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.who, delivery.reason) == (
        "needs_person",
        Who.FIX_RECORD,
        "already_posted",
    )
    assert "already posted with 100.01" in delivery.message
    assert attempts(syspro) == []


def test_another_value_found_after_a_lost_answer_waits_for_a_person_too(connected, syspro, tenant):
    owed(tenant)
    spoil(syspro, "reset")
    push(connected, "ap_invoice")
    assert states() == ["unknown"]
    spoil(syspro, "")
    syspro.control.add_invoice("1", "INV-1", "7")
    time_passes()
    push(connected, "ap_invoice")
    assert states() == ["needs_person"]
    assert attempts(syspro) == []


def test_a_refusal_names_the_element_and_who_must_act_and_the_rest_goes_on(connected, syspro, tenant):
    owed(tenant, "BAD", branch="99")
    owed(tenant, "GOOD")
    push(connected, "ap_invoice")
    bad = Delivery.objects.get(state="needs_person")
    assert (bad.who, bad.reason) == (Who.FIX_CONFIGURATION, "bad_reference")
    assert "Branch “99”" in bad.message
    assert "<Branch>99</Branch>" in bad.reply["exchange"]["document"]
    assert attempts(syspro) == ["1/GOOD"]


def test_a_second_delivery_of_what_is_posted_posts_nothing(connected, syspro, tenant):
    made = owed(tenant)
    push(connected, "ap_invoice")
    Link.objects.filter(entity="ap_invoice", record_id=made.pk).delete()
    owe(connected.rules.get(entity="ap_invoice"), [made.pk])
    push(connected, "ap_invoice")
    assert (states(), attempts(syspro)) == (["done", "done"], ["1/INV-1"])


# --- the seat ---


def test_two_workers_take_turns_and_nobodys_session_is_ended(connected, syspro, tenant, monkeypatch):
    monkeypatch.setattr("integrations.connectors.seats.PATIENCE", 0.0)
    owed(tenant)
    with connector_for(connected) as (other, _):
        other.check()
        push(connected, "ap_invoice")
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.reason) == ("owed", "seat_taken")
        other.check()
    assert Outbox.objects.get(connection=connected).silences == 0, "it answers, but not us"
    time_passes()
    push(connected, "ap_invoice")
    assert (states(), syspro.control.sessions.evictions) == (["done"], 0)


def test_a_worker_that_died_logged_on_holds_nobody_up_beyond_its_lease(
    connected, syspro, tenant, time_machine
):
    with connector_for(connected) as (connector, _):
        connector.check()
        assert Seat.objects.get().lease_until is not None
        time_machine.move_to(timezone.now() + leases.LEASE * 1.1, tick=True)
        owed(tenant)
        push(connected, "ap_invoice")
        assert states() == ["done"]
        logons = syspro.control.sessions.logons
        with pytest.raises(RemoteError) as caught:
            connector.check()
        assert caught.value.reason == "seat_lost"
    assert syspro.control.sessions.logons == logons


def test_a_worker_killed_in_the_middle_of_a_posting_leaves_one_invoice(
    connected, syspro, tenant, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*arguments, **named):
        raise Killed

    owed(tenant)
    with monkeypatch.context() as patched:
        patched.setattr(creating, "adopt", die)
        with pytest.raises(Killed):
            push(connected, "ap_invoice")
    assert states() == ["sending"]
    time_passes()
    push(connected, "ap_invoice")
    assert (states(), attempts(syspro)) == (["done"], ["1/INV-1"])
