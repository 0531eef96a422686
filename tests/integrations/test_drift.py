"""Fields that are new, gone or of another type, and addresses that refuse: noticed, told, and read on where harmless."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from integrations.alerts import stepping
from integrations.connectors.base import RemoteField
from integrations.describing import keep_fields
from integrations.drift import shapes, watching
from integrations.drift.shapes import ENOUGH, compared, shape_of
from integrations.models import AlertRule, Connection, Drift, RemoteShape, Run
from integrations.work import work
from reconciliation.models import Customer
from tests.admin.objects import OBJECTS
from tests.integrations.syncs import rule_of, sync
from tests.integrations.test_alerts import by_mail  # noqa: F401
from tests.integrations.test_alerts import rule_of as alert_rule_of

pytestmark = pytest.mark.django_db(transaction=True)
ROW = {
    "id": 1,
    "name": "Ana",
    "address": {"city": "Reno", "unit": None},
    "items": [{"price": 1.5}],
    "tags": [],
}


# --- Shapes, pure ----------------------------------------------------------------------------------------------------


def seen(*rows, known=None, count=0):
    return compared(known or {}, count, [shape_of(row, "items") for row in rows])


@pytest.fixture
def learned():
    known, count, found = seen(*[ROW] * (ENOUGH + 5))
    assert found == [], "the first rows only teach"
    return known, count


def differences(learned, *rows):
    _, _, found = seen(*rows, known=learned[0], count=learned[1])
    return [(one.kind, one.path, one.before, one.after) for one in found]


def test_a_shape_has_names_and_types_and_no_value():
    shape = shape_of(ROW, "items")
    assert shape == {
        "id": shapes.NUMBER, "name": shapes.TEXT, "address": shapes.OBJECT, "address.city": shapes.TEXT,
        "address.unit": shapes.NULL, "items": shapes.LIST, "items[].price": shapes.NUMBER, "tags": shapes.LIST,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"email": "a@example.com"}, [("new", "email", "", "text")]),
        ({"name": 7}, [("retyped", "name", "text", "number")]),
        ({"address": {"city": True, "unit": None}}, [("retyped", "address.city", "text", "yes or no")]),
        ({"items": [{"price": "1.50"}]}, [("retyped", "items[].price", "number", "text")]),
        ({"address": {"city": "x", "unit": "7b"}}, []),  # it was always empty: now one knows its type
        ({"name": None}, []),
        ({"id": 1.0}, []),
        ({"address": None}, []),
        ({"items": []}, []),
        ({"tags": {"a": {"b": 1}}}, [("retyped", "tags", "list", "members of its own")]),
    ],
)
def test_what_one_row_says(learned, change, expected):
    assert differences(learned, {**ROW, **change}) == expected


def without(name):
    return {key: value for key, value in ROW.items() if key != name}


def test_a_member_has_vanished_once_enough_rows_lack_it_and_is_back_with_the_first(learned):
    assert differences(learned, *[without("name")] * (ENOUGH - 1)) == []
    known, count, found = seen(*[without("name")] * (ENOUGH * 3), known=learned[0], count=learned[1])
    assert [(one.kind, one.path, one.before) for one in found] == [("vanished", "name", "text")]
    assert differences((known, count), ROW, ROW) == [("back", "name", "", "")]


def test_a_member_that_is_often_left_out_never_vanishes():
    known, count, _ = seen(*[ROW, without("name")] * ENOUGH)
    assert differences((known, count), *[without("name")] * 50) == []


def test_below_a_null_nothing_vanishes(learned):
    assert differences(learned, *[{**ROW, "address": None, "items": []}] * 50) == []


@pytest.mark.parametrize(
    ("path", "used"),
    [
        ("address", True),
        ("address.city", True),
        ("address.zip", False),
        ("addressLine", False),
        ("name", True),
    ],
)
def test_what_reads_a_path_is_what_reads_it_or_within_it(path, used):
    uses = [("address.city", "city"), ("name", "name")]
    assert bool(watching.used_by(path, uses)) is used


# --- Rows of a source ------------------------------------------------------------------------------------------------


def full(connection, entity="customer") -> Run:
    rule = rule_of(connection, entity)
    rule.full_wanted = True
    rule.save(update_fields=["full_wanted"])
    return work(rule.pk).run


def drifts():
    return set(Drift.objects.filter(closed_at=None).values_list("kind", "path"))


@pytest.fixture
def synced(connection):
    sync(connection, "customer")
    return connection


def test_a_source_that_stays_as_it_is_writes_nothing_and_says_nothing(synced, sandbox):
    before = RemoteShape.objects.get(rule__entity="customer").ways
    assert before["list"]["rows"] == ENOUGH
    assert full(synced).state == "completed"
    assert RemoteShape.objects.get(rule__entity="customer").ways == before
    sandbox.control.touch("customers", 3)
    sync(synced, "customer")
    assert drifts() == set()


def test_what_a_source_changes_is_noticed_and_everything_else_is_read_on(synced, sandbox):
    def newer(body):
        body = {**body, "loyaltyTier": "gold", "doNotMail": "no" if body["doNotMail"] is False else "yes"}
        del body["type"]
        return body

    sandbox.control.reshape("customers", newer)
    sandbox.control.touch("customers", 1)
    count = Customer.objects.count()
    run = full(synced)
    assert run.read > 0, "it was read to its end"
    assert Customer.objects.count() == count
    assert {("new", "loyaltyTier"), ("retyped", "doNotMail"), ("vanished", "type")} <= drifts()
    kept = Drift.objects.get(kind="vanished", path="type")
    assert (kept.before, bool(kept.uses), kept.run_id) == ("text", True, run.pk)
    assert Drift.objects.get(path="loyaltyTier").uses == ""
    assert "gold" not in str([RemoteShape.objects.values(), list(Drift.objects.values())]), "no value is kept"
    full(synced)
    assert Drift.objects.filter(kind="vanished").count() == 1, "it is told once"
    sandbox.control.reshape("customers", lambda body: {**body, "type": "Residential"})
    full(synced)
    assert ("vanished", "type") not in drifts(), "it is back"


def test_an_address_that_refuses_is_told_by_name_and_the_others_go_on(synced, sandbox, tenant, by_mail):  # noqa: F811
    alert_rule_of(tenant, AlertRule.Kind.DRIFT)
    sandbox.control.faults("not_found:1.0,path=/customers")
    failed = sync(synced, "customer", "location")
    assert (failed["customer"].state, failed["location"].state) == ("failed", "completed")
    ((kind, path),) = drifts()
    assert (kind, path.endswith("/customers")) == ("refused", True)
    synced.refresh_from_db()
    assert (synced.status, synced.problem) == (Connection.Status.CONNECTED, ""), (
        "it is not the connection's matter"
    )
    stepping.step()
    assert "address refuses at ServiceTitan" in mail.outbox[0].subject
    sandbox.control.faults()
    sync(synced, "customer")
    stepping.step()
    assert (drifts(), "Over" in mail.outbox[1].subject) == (set(), True)


def test_an_address_that_never_worked_is_the_connections_matter(connection, sandbox):
    sandbox.control.faults("not_found:1.0,path=/customers")
    sync(connection, "customer")
    connection.refresh_from_db()
    assert (drifts(), connection.problem != "") == (set(), True)


def test_a_watch_that_fails_costs_no_record(connection, monkeypatch, caplog):
    monkeypatch.setattr(shapes, "compared", lambda *args: 1 / 0)
    assert sync(connection, "customer")["customer"].state == "completed"
    assert "could not be compared" in caplog.text


# --- Systems that describe themselves --------------------------------------------------------------------------------


def field(path, kind="text"):
    return RemoteField(path=path, label=path, type=kind)


def test_a_system_that_describes_itself_is_held_against_what_it_said(tenant):
    connection = OBJECTS["integrations.connection"](tenant)
    rule = connection.rules.get(entity="customer")
    now = [field("Name"), field("Rating__c"), field("Score__c", "decimal")]
    then = [field("Name"), field("Tier__c"), field("Score__c")]
    keep_fields(rule, then, now)
    assert drifts() == set(), "this system only samples rows: they say it themselves"
    Connection.objects.filter(pk=connection.pk).update(system="salesforce")
    rule.connection.refresh_from_db()
    keep_fields(rule, [], then)
    assert drifts() == set(), "the first time there is nothing to hold it against"
    keep_fields(rule, then, now)
    assert drifts() == {("new", "Rating__c"), ("vanished", "Tier__c"), ("retyped", "Score__c")}
    keep_fields(rule, now, [*now, field("Tier__c")])
    assert ("vanished", "Tier__c") not in drifts()


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_who_has_seen_it_closes_it_and_the_trail_says_so(tenant, client_for, colleague, viewer):
    row = OBJECTS["integrations.drift"](tenant)
    url = reverse("admin:integrations_drift_seen", args=[row.pk])
    assert client_for(viewer).post(url).status_code == 403
    client_for(colleague).post(url)
    row.refresh_from_db()
    assert (row.closed_at is not None, row.seen_by) == (True, colleague)
    page = client_for(viewer).get(reverse("admin:integrations_drift_change", args=[row.pk]))
    assert "does not come any more" in page.content.decode()


def test_a_new_mapping_may_ask_for_other_members_and_learns_them_anew(synced):
    from integrations.mapping_versions import store

    rule = rule_of(synced, "customer")
    lines = [line for line in rule.mappings.all() if line.field != "name"]
    for line in lines:
        line.pk = None
    assert RemoteShape.objects.get(rule=rule).ways
    store(rule, lines)
    assert RemoteShape.objects.get(rule=rule).ways == {}


def test_a_daily_describe_is_asked_only_of_what_was_asked_before(tenant, monkeypatch):
    monkeypatch.setattr(Connection, "describes_itself", True)
    rule = OBJECTS["integrations.connection"](tenant).rules.get(entity="customer")
    watching.describe_each_day(rule, None, timezone.now() + timedelta(days=2))  # type: ignore[arg-type]  # not called
