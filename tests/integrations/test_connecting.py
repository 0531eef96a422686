"""Credentials in, a token and scopes out: what connecting checks, says and leaves behind."""

import pytest
from django.core.exceptions import ValidationError

from integrations import connecting
from integrations.connecting import ConnectingFailed
from integrations.connectors.servicetitan.entities import ENTITIES
from integrations.models import Connection, Run, SyncRule
from portal.models import AuditEntry
from reconciliation.models import ReferenceItem

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = {
    "tenant_id": "900001",
    "client_id": "cid.sandbox",
    "client_secret": "cs1.sandbox",
    "app_key": "ak1.sandbox",
}


def save(tenant, host="", **more):
    values = {
        "environment": "custom",
        "api_url": f"http://{host}",
        "auth_url": "",
        "allowed_hosts": [host],
        **more,
    }
    system, credentials = values.pop("system", "servicetitan"), values.pop("credentials", GOOD)
    return connecting.save_credentials(tenant, system, credentials, **values)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"credentials": {**GOOD, "tenant_id": "nine"}}, "tenant_id"),
        ({"credentials": {**GOOD, "client_secret": "two words"}}, "client_secret"),
        ({"credentials": {}}, "client_id"),
        ({"environment": "moon"}, "environment"),
        ({"allowed_hosts": []}, "api_url"),
        ({"api_url": "http://169.254.169.254/latest"}, "api_url"),
        ({"api_url": "ftp://x"}, "api_url"),
    ],
)
def test_what_cannot_be_right_is_refused_by_field_and_nothing_is_stored(tenant, sandbox, more, field):
    with pytest.raises(ValidationError) as caught:
        save(tenant, sandbox.host, **more)
    assert field in caught.value.message_dict
    assert not Connection.objects.exists()


def test_an_unknown_system_is_refused_with_those_there_are(tenant, sandbox):
    with pytest.raises(ValidationError, match="servicetitan"):
        save(tenant, sandbox.host, system="quickbooks")


def test_a_new_connection_has_a_rule_with_its_mapping_for_every_entity_and_notes_are_off(tenant, sandbox):
    connection = save(tenant, sandbox.host)
    assert connection.rules.count() == len(ENTITIES)
    assert all(rule.mappings.exists() for rule in connection.rules.all())
    assert list(connection.rules.filter(enabled=False).values_list("entity", flat=True)) == ["note"]
    pulled = connection.rules.filter(entity__in=["invoice", "payment", "estimate"])
    assert set(pulled.values_list("direction", "system_of_record")) == {("pull", "source")}


def test_storing_again_changes_what_is_given_and_keeps_the_rest(tenant, sandbox):
    first = save(tenant, sandbox.host)
    first.rules.filter(entity="customer").update(interval=99)
    again = save(tenant, sandbox.host, credentials={"client_secret": "cs1.new"})
    assert again.pk == first.pk
    assert again.credentials.reveal() == {**GOOD, "client_secret": "cs1.new"}
    assert SyncRule.objects.get(connection=again, entity="customer").interval == 99
    assert again.rules.count() == len(ENTITIES)
    entry = AuditEntry.objects.get(action="connection.changed")
    assert "client_secret" in str(entry.diff)
    assert "cs1.new" not in str(entry.diff)


def test_a_test_that_comes_through_connects_and_reads_the_lists_a_scope_is_chosen_from(
    tenant, sandbox, connect_to
):
    connection = connect_to(tenant, sandbox)
    assert (connection.status, connection.health, connection.problem) == ("connected", "healthy", "")
    kinds = set(ReferenceItem.objects.values_list("kind", flat=True))
    assert kinds == {"business_unit", "tag_type"}
    assert AuditEntry.objects.get(action="connection.tested").note == "all scopes granted"


@pytest.mark.parametrize(
    ("changed", "words", "status"),
    [
        ({"client_secret": "cs1.wrong"}, "client secret", "relink"),
        ({"client_id": "cid.wrong"}, "client id", "relink"),
        ({"app_key": "ak1.wrong"}, "app key", "relink"),
        ({"tenant_id": "123"}, "tenant 123", "relink"),
    ],
)
def test_wrong_credentials_say_which_and_where_to_look(tenant, sandbox, connect_to, changed, words, status):
    connection = connect_to(tenant, sandbox, test=False, **changed)
    with pytest.raises(ConnectingFailed, match=words) as caught:
        connecting.test(connection)
    connection.refresh_from_db()
    assert connection.problem == str(caught.value)
    assert connection.status == status
    assert connection.health == "failing"
    assert "cs1." not in str(caught.value)


def test_a_source_that_cannot_be_reached_is_no_ones_mistake(tenant, shop, connect_to, impatient):
    sandbox = shop()
    connection = connect_to(tenant, sandbox, test=False)
    sandbox.control.faults("server_error")
    with pytest.raises(ConnectingFailed) as caught:
        connecting.test(connection)
    assert caught.value.who == "retry_later"
    connection.refresh_from_db()
    assert connection.status == "new"


def test_a_missing_scope_switches_its_entities_off_and_a_granted_one_on_again(tenant, sandbox, connect_to):
    everything = list(sandbox.access.app_scopes)
    sandbox.control.grant([scope for scope in everything if scope != "tn.crm.locations:r"])
    connection = connect_to(tenant, sandbox, test=False)
    tested = connecting.test(connection)
    assert tested.switched_off == ("location", "location_contact")
    off = connection.rules.filter(off_because__contains="tn.crm.locations:r", enabled=False)
    assert set(off.values_list("entity", flat=True)) == {"location", "location_contact"}
    assert connection.rules.get(entity="customer").enabled
    sandbox.control.grant(everything)
    sandbox.control.expire_tokens()
    connecting.forget_token(connection)
    assert connecting.test(connection).switched_off == ()
    assert connection.rules.get(entity="location").enabled
    assert not connection.rules.get(entity="note").enabled, "what was off unless wanted stays off"


def test_a_rule_that_a_person_switched_off_stays_off_after_a_test(tenant, sandbox, connect_to):
    connection = connect_to(tenant, sandbox)
    connection.rules.filter(entity="lead").update(enabled=False)
    connecting.test(connection)
    assert not connection.rules.get(entity="lead").enabled


def test_a_test_starts_no_sync_of_records(tenant, sandbox, connect_to):
    connect_to(tenant, sandbox)
    assert set(Run.objects.values_list("rule__entity", flat=True)) == {"business_unit", "tag_type"}


def test_onboarding_twice_is_one_merchant_brought_up_to_date(partner):
    one, created = connecting.onboard("hart", "Hartwell", partner=partner, currency="USD")
    two, again = connecting.onboard("hart", "Hartwell & Sons", partner=partner)
    assert (one.pk, created, again, two.name, two.currency) == (two.pk, True, False, "Hartwell & Sons", "USD")


def test_another_partners_merchant_cannot_be_taken_over(partner, other_partner):
    connecting.onboard("hart", "Hartwell", partner=partner)
    with pytest.raises(ValidationError, match="already a merchant"):
        connecting.onboard("hart", "Mine now", partner=other_partner)


@pytest.mark.parametrize(
    "wrong", [{"timezone_name": "Mars/Olympus"}, {"region": "XX"}, {"currency": "Dollars"}]
)
def test_a_merchant_with_an_impossible_detail_is_refused(partner, wrong):
    with pytest.raises(ValidationError):
        connecting.onboard("hart", "Hartwell", partner=partner, **wrong)
