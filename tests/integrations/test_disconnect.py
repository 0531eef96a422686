"""Disconnecting: nothing calls afterwards; what is kept is frozen, what is wiped is gone, whoever dies meanwhile."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection as database
from django.utils import timezone

from integrations import connecting, disconnecting, runs
from integrations.calls import connector_for
from integrations.models import AccessToken, Connection, Delivery, Disconnection, Run, RunFailure
from integrations.shared import Disconnected
from integrations.tasks import sweep, wake
from integrations.work import work
from portal.models import AuditEntry
from reconciliation import erasing
from reconciliation.adding import add
from reconciliation.entities import ENTITIES
from reconciliation.merging import merge
from reconciliation.models import Change, Conflict, Customer, Job, Link, Location, Source
from tests.integrations.syncs import bad, rule_of, sync_all
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)
KEEP, WIPE = Disconnection.Mode.KEEP, Disconnection.Mode.WIPE


def end(connection, mode, seconds=60.0):
    """Disconnect and do all that follows, as a worker would, in slices of so long. Each slice counts all anew."""
    ended = disconnecting.disconnect(connection, mode, name=connection.tenant.name, user=None)
    while disconnecting.work(ended.pk, seconds=seconds) is False:
        pass
    ended.refresh_from_db()
    assert ended.finished_at
    return ended


def made_by(sandbox):
    """How many calls the source has answered."""
    return sandbox.control.calls.calls.total()


def records(tenant):
    """How many rows of each model of records this tenant has."""
    models = {entity.model for entity in ENTITIES.values()}
    found = {model.__name__: model._default_manager.filter(tenant=tenant).count() for model in models}
    return {name: count for name, count in found.items() if count}


def link_elsewhere(tenant, entity, record_id, external_id="E1"):
    """Another system of the same merchant knows this record too."""
    source, _ = Source.objects.get_or_create(tenant=tenant, system="syspro", name="SYSPRO")
    now = timezone.now()
    return Link.objects.create(
        source=source, entity=entity, external_id=external_id, record_id=record_id, state=Link.State.LIVE,
        fingerprint=1, created_at=now, updated_at=now, base={}, payload={},
    )  # fmt: skip


@pytest.mark.parametrize("typed", ["", "hartwell", "Hartwell Plumbing Inc", "Elsewhere Heating"])
def test_without_the_merchants_exact_name_nothing_is_disconnected(connection, typed):
    with pytest.raises(disconnecting.Refused, match="Hartwell Plumbing"):
        disconnecting.disconnect(connection, WIPE, name=typed, user=None)
    connection.refresh_from_db()
    assert (connection.status, Disconnection.objects.count()) == ("connected", 0)


def test_secrets_and_tokens_are_destroyed_at_once(connection):
    assert AccessToken.objects.get(connection=connection).value
    disconnecting.disconnect(connection, KEEP, name="Hartwell Plumbing", user=None)
    row = Connection.objects.values().get(pk=connection.pk)
    assert (row["status"], row["credentials"]) == ("disconnected", "")
    assert not AccessToken.objects.filter(connection=connection).exists()


def test_a_worker_that_had_the_credentials_in_hand_makes_no_further_call(connection, sandbox):
    with connector_for(connection) as (connector, _):
        connector.check()
        before = made_by(sandbox)
        disconnecting.disconnect(connection, KEEP, name="Hartwell Plumbing", user=None)
        with pytest.raises(Disconnected):
            connector.check()
    assert made_by(sandbox) == before


def test_one_who_read_the_connection_before_it_ended_cannot_begin_to_call(connection, sandbox):
    stale = Connection.objects.get(pk=connection.pk)
    disconnecting.disconnect(connection, KEEP, name="Hartwell Plumbing", user=None)
    with pytest.raises(Disconnected), connector_for(stale):
        pass
    assert not AccessToken.objects.filter(connection=connection).exists()


def test_a_run_in_the_middle_of_its_pages_stops_and_writes_no_more(connection, sandbox):
    connection.rules.update(page_size=2)
    rule = rule_of(connection, "customer")
    run = runs.ask(rule, Run.Trigger.PERSON)
    seen = []

    def after_a_page(run):
        seen.append(made_by(sandbox))
        if len(seen) == 2:
            disconnecting.disconnect(connection, KEEP, name="Hartwell Plumbing", user=None)

    work(rule.pk, progress=after_a_page)
    run.refresh_from_db()
    assert (len(seen), run.state, run.read) == (2, Run.State.CANCELLED, 4)
    assert run.error == "The connection was disconnected."
    rule.refresh_from_db()
    assert rule.due_at is None


def test_a_test_that_ends_after_the_disconnect_does_not_connect_it_again(connection, monkeypatch):
    real = connecting._note_scopes

    def disconnect_first(row, found):
        disconnecting.disconnect(Connection.objects.get(pk=row.pk), KEEP, name="Hartwell Plumbing", user=None)
        return real(row, found)

    monkeypatch.setattr(connecting, "_note_scopes", disconnect_first)
    with pytest.raises(connecting.ConnectingFailed, match="disconnected"):
        connecting.test(connection)
    row = Connection.objects.values().get(pk=connection.pk)
    assert (row["status"], row["credentials"]) == ("disconnected", "")


def test_nothing_is_scheduled_any_more(connection, sandbox):
    sync_all(connection)
    connection.rules.update(due_at=timezone.now())
    end(connection, KEEP)
    connection.rules.update(due_at=timezone.now())  # even if something made them due
    before = made_by(sandbox)
    sweep(timezone.now())
    wake()
    assert made_by(sandbox) == before


def test_keep_freezes_every_live_link_and_leaves_every_record(connection, tenant):
    sync_all(connection)
    before = records(tenant)
    promised = disconnecting.counts(connection).frozen
    ended = end(connection, KEEP)
    assert (ended.done, records(tenant)) == (promised, before)
    assert not Link.objects.filter(state=Link.State.LIVE).exists()
    assert Change.objects.filter(kind=Change.Kind.FROZEN).count() == sum(promised.values())


def test_connecting_again_after_keep_links_up_without_a_duplicate(connection, sandbox, connect_to, tenant):
    sync_all(connection)
    before = records(tenant)
    end(connection, KEEP)
    sandbox.control.touch("customers", 3)
    again = connect_to(tenant, sandbox)
    assert (again.pk, again.status) == (connection.pk, "connected")
    assert bad(sync_all(again)) == {}
    assert records(tenant) == before
    assert not Link.objects.filter(state=Link.State.FROZEN).exists()
    assert differences(again, sandbox.control) == []


def test_one_that_is_still_being_disconnected_cannot_be_connected_again(
    connection, sandbox, connect_to, tenant
):
    disconnecting.disconnect(connection, WIPE, name="Hartwell Plumbing", user=None)
    with pytest.raises(ValidationError, match="still being disconnected"):
        connect_to(tenant, sandbox)
    with pytest.raises(disconnecting.Refused, match="already"):
        disconnecting.disconnect(connection, WIPE, name="Hartwell Plumbing", user=None)


def test_wipe_erases_everything_that_came_only_from_there_with_every_trace(connection, tenant):
    sync_all(connection)
    customers = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    merge(ENTITIES["customer"], customers[0], [customers[1]])
    rule = rule_of(connection, "customer")
    run = Run.objects.filter(rule=rule).first()
    RunFailure.objects.create(
        rule=rule, run=run, reason="mapping", message="x", payload={}, created_at=timezone.now()
    )
    promised = disconnecting.counts(connection)
    assert promised.staying == {}
    ended = end(connection, WIPE, seconds=0)
    assert ended.done == promised.erased == ended.planned
    assert records(tenant) == {}
    for model in (Link, Change, Conflict, RunFailure):
        assert not model.objects.exists(), model
    entry = AuditEntry.objects.get(action="connection.wiped")
    assert entry.diff == {name: [number, number] for name, number in promised.erased.items()}


def test_wipe_leaves_what_others_know_what_was_made_here_and_what_those_refer_to(connection, tenant, owner):
    sync_all(connection)
    job = Job.objects.order_by("pk").first()
    known = Customer.objects.exclude(pk=job.customer_id).order_by("pk").last()
    link_elsewhere(tenant, "customer", known.pk)
    made = add(ENTITIES["note"], tenant.pk, {"text": "made here"}, {"job": job}, actor=owner)
    promised = disconnecting.counts(connection)
    assert (promised.staying["job"], promised.staying["location"], promised.staying["customer"]) == (1, 1, 2)
    ended = end(connection, WIPE)
    assert ended.done == promised.erased
    assert set(Customer.objects.values_list("pk", flat=True)) == {known.pk, job.customer_id}
    assert list(Location.objects.values_list("pk", flat=True)) == [job.location_id]
    assert list(Job.objects.values_list("notes__pk", flat=True)) == [made.pk]
    left = Link.objects.filter(source=connection.source)
    assert {link.state for link in left} == {Link.State.FROZEN}
    assert {json.dumps(link.payload) for link in left} == {"{}"}


def test_a_customer_with_a_twin_that_was_made_here_stays(connection, tenant, owner):
    sync_all(connection)
    survivor = Customer.objects.order_by("pk").first()
    made = add(ENTITIES["customer"], tenant.pk, {"name": "Made Here"}, actor=owner)
    merge(ENTITIES["customer"], survivor.pk, [made.pk])
    end(connection, WIPE)
    assert set(Customer.objects.values_list("pk", flat=True)) == {survivor.pk, made.pk}


def test_another_merchants_records_are_untouched(connection, other_tenant, shop, connect_to, tenant):
    theirs = connect_to(other_tenant, shop(seed=9))
    sync_all(connection)
    sync_all(theirs)
    before = records(other_tenant)
    end(connection, WIPE)
    assert (records(tenant), records(other_tenant)) == ({}, before)
    theirs.refresh_from_db()
    assert theirs.may_call


def test_connecting_again_after_a_wipe_brings_everything_once(connection, sandbox, connect_to, tenant):
    sync_all(connection)
    kept = Customer.objects.order_by("pk").first()
    link_elsewhere(tenant, "customer", kept.pk)
    before = records(tenant)
    end(connection, WIPE)
    again = connect_to(tenant, sandbox)
    assert bad(sync_all(again)) == {}
    assert records(tenant) == before
    assert differences(again, sandbox.control) == []


def test_what_was_kept_can_be_wiped_later(connection, tenant):
    sync_all(connection)
    end(connection, KEEP)
    with pytest.raises(disconnecting.Refused, match="already"):
        disconnecting.disconnect(connection, KEEP, name="Hartwell Plumbing", user=None)
    end(connection, WIPE)
    assert records(tenant) == {}


class Killed(BaseException):
    """A worker that dies: no handler of ours catches it."""


@pytest.mark.parametrize("mode", [KEEP, WIPE])
def test_killed_at_any_portion_the_next_worker_ends_where_none_was_killed(
    connection, tenant, monkeypatch, mode
):
    monkeypatch.setattr(disconnecting, "PORTION", 15)
    monkeypatch.setattr(disconnecting, "FREEZE_PORTION", 60)
    sync_all(connection)
    before = records(tenant)
    ended = disconnecting.disconnect(connection, mode, name="Hartwell Plumbing", user=None)
    real, kills, portions = disconnecting._note, 0, 0

    def note(row, more):
        nonlocal kills, portions
        portions += 1
        if portions % 2:
            kills += 1
            raise Killed
        real(row, more)

    monkeypatch.setattr(disconnecting, "_note", note)
    for _ in range(2000):
        try:
            if disconnecting.work(ended.pk):
                break
        except Killed:
            Disconnection.objects.update(
                lease_until=timezone.now()
            )  # the dead give no lease back: it runs out
    ended.refresh_from_db()
    assert ended.finished_at and kills > 5
    assert ended.done == ended.planned
    assert records(tenant) == ({} if mode == WIPE else before)
    frozen = Change.objects.filter(kind=Change.Kind.FROZEN).count()
    assert frozen == (0 if mode == WIPE else sum(ended.planned.values()))


def test_two_workers_do_not_do_the_same_twice(connection, tenant, monkeypatch):
    sync_all(connection)
    ended = disconnecting.disconnect(connection, WIPE, name="Hartwell Plumbing", user=None)
    Disconnection.objects.update(lease_until=timezone.now() + disconnecting.LEASE)
    assert disconnecting.work(ended.pk) is None
    assert records(tenant)


def test_every_model_of_records_is_erased_before_what_it_refers_to():
    order = list(erasing.CHILDREN_FIRST)
    for model, references in erasing._REFERENCES.items():
        assert all(order.index(owner) < order.index(model) for owner, *_ in references), model


def test_the_command_shows_first_and_ends_with_the_numbers_it_showed(connection, tenant):
    sync_all(connection)

    def run(*options):
        out = io.StringIO()
        call_command("disconnect", tenant.slug, "--wipe", "--json", *options, stdout=out)
        return json.loads(out.getvalue())

    shown = run()
    assert (shown["done"], records(tenant) != {}) == (False, True)
    with pytest.raises(CommandError, match="exactly"):
        run("--yes", "hartwell")
    done = run("--yes", "Hartwell Plumbing")
    assert (done["done"], done["records"], records(tenant)) == (True, shown["records"], {})


def test_a_person_and_a_command_at_the_same_time_disconnect_once(connection):
    outcomes = []

    def go():
        from django.db import connections

        try:
            row = Connection.objects.select_related("tenant", "source").get(pk=connection.pk)
            outcomes.append(disconnecting.disconnect(row, KEEP, name="Hartwell Plumbing", user=None).pk)
        except disconnecting.Refused:
            outcomes.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(outcomes, key=str).count(None) == 3


KILLED = """
import sys, django
django.setup()
from integrations import disconnecting
disconnecting.PORTION = 4
print("ready", flush=True)
disconnecting.work(int(sys.argv[1]))
"""


@pytest.mark.skipif(
    database.vendor != "sqlite", reason="the file of the test's database is handed to the process"
)
def test_a_process_killed_with_signal_9_again_and_again_leaves_nothing_half_done(connection, tenant):
    """Three real processes, each killed a little later than the last; then one that is left in peace."""
    sync_all(connection)
    ended = disconnecting.disconnect(connection, WIPE, name="Hartwell Plumbing", user=None)
    path = database.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{path}",
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
    }
    died = 0
    for number in range(3):
        command = [sys.executable, "-c", KILLED, str(ended.pk)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)  # our own
        process.stdout.readline()
        time.sleep(0.05 + 0.1 * number)
        process.kill()
        died += process.wait() == -signal.SIGKILL
        process.stdout.close()
        links = set(Link.objects.exclude(record_id=None).values_list("entity", "record_id"))
        for name, entity in ENTITIES.items():
            have = set(entity.objects.filter(**entity.constants).values_list("pk", flat=True))
            assert {pk for linked, pk in links if linked == name} <= have, f"a link of {name} leads nowhere"
        Disconnection.objects.update(lease_until=None)  # the dead give no lease back: it runs out
    assert died >= 2
    if disconnecting.work(ended.pk) is None:
        assert Disconnection.objects.get().finished_at, "the last one was too quick to be killed"
    ended.refresh_from_db()
    assert (ended.done, records(tenant), Link.objects.count()) == (ended.planned, {}, 0)


@pytest.mark.parametrize("mode", [KEEP, WIPE])
def test_what_is_still_owed_there_is_owed_no_longer(connection, mode):
    Delivery.objects.create(
        connection=connection, rule=rule_of(connection, "customer"), entity="customer", record_id=1,
        created_at=timezone.now(), next_try_at=timezone.now(),
    )  # fmt: skip
    disconnecting.disconnect(connection, mode, name="Hartwell Plumbing", user=None)
    assert [row.state for row in Delivery.objects.all()] == (["given_up"] if mode == KEEP else [])
