"""A pull brings a source's rows into records, page by page: nothing lost, nothing twice."""

import pytest
from django.db import DatabaseError

from integrations import holding, leases, runs
from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.servicetitan.client import ServiceTitanConnector
from integrations.models import Run, RunFailure, SyncRule
from integrations.work import work
from reconciliation.models import Change, Customer, Invoice, Job, Link, Location
from tests.integrations.syncs import bad, rule_of, sync, sync_all, totals
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)


def small_pages(connection, size=5):
    connection.rules.update(page_size=size)


def test_everything_a_merchant_has_arrives_field_by_field(connection, sandbox):
    small_pages(connection)
    done = sync_all(connection)
    assert bad(done) == {}
    assert differences(connection, sandbox.control) == []
    assert totals(done.values())["created"] > 100
    assert all(run.adds_up for run in done.values())


def test_a_second_sync_of_an_unchanged_source_writes_no_record(connection, sandbox):
    sync_all(connection)
    before = [list(model.objects.order_by("pk").values()) for model in (Customer, Job, Invoice, Link, Change)]
    second = sync_all(connection)
    assert bad(second) == {}
    after = [list(model.objects.order_by("pk").values()) for model in (Customer, Job, Invoice, Link, Change)]
    assert after == before


def test_a_full_sync_of_an_unchanged_source_reads_all_and_writes_no_record(connection):
    sync(connection, "customer", "location")
    before = [list(model.objects.order_by("pk").values()) for model in (Customer, Location, Link, Change)]
    runs.ask(rule_of(connection, "customer"), Run.Trigger.PERSON, full=True)
    run = sync(connection, "customer")["customer"]
    assert (run.full, run.unchanged, run.created, run.updated) == (True, 12, 0, 0)
    assert [
        list(model.objects.order_by("pk").values()) for model in (Customer, Location, Link, Change)
    ] == before


def test_what_changes_at_the_source_follows(connection, sandbox):
    control = sandbox.control
    sync_all(connection)
    for table in ("customers", "locations", "jobs", "invoices", "payments", "customer-contacts"):
        control.touch(table, 3)
    control.add(2)
    customers = control.rows("customers")
    control.merge(customers[0]["id"], customers[1]["id"])
    control.deactivate("customers", customers[2]["id"])
    control.deactivate("customer-contacts", control.rows("customer-contacts")[0]["id"])
    done = sync_all(connection)
    assert bad(done) == {}
    assert differences(connection, control) == []
    assert totals(done.values())["created"] > 4
    tombstone = Customer.objects.get(external_id=str(customers[0]["id"]))
    assert tombstone.merged_into.external_id == str(customers[1]["id"])


def test_children_that_arrive_before_their_parents_are_joined_in_the_end(connection, sandbox):
    connection.rules.update(enabled=True)
    backwards = [rule.entity for rule in connection.rules.order_by("-position")]
    first = sync(connection, *backwards)
    assert totals(first.values())["waiting"] > 50
    assert all(run.adds_up for run in first.values())
    for _ in range(4):
        sync(connection, *backwards)
    assert differences(connection, sandbox.control) == []
    assert not Link.objects.exclude(waiting_for_entity="").exists()


# --- One page, one transaction ---------------------------------------------------------------------------------------


def test_a_page_that_breaks_half_way_leaves_neither_rows_nor_a_moved_cursor(connection, monkeypatch):
    small_pages(connection)
    seen = []

    def breaking(run, values):
        seen.append(Customer.objects.count())
        if len(seen) == 2:
            raise ZeroDivisionError("half way through the second page")
        original(run, values)

    original = runs.save_counts
    monkeypatch.setattr(runs, "save_counts", breaking)
    run = sync(connection, "customer")["customer"]
    assert seen == [5, 10]
    assert (run.state, run.error_reason, run.pages, run.read) == ("failed", "bug", 1, 5)
    assert Customer.objects.count() == Link.objects.filter(entity="customer").count() == 5
    assert rule_of(connection, "customer").cursor["page"] == 2


def test_after_a_broken_page_the_next_run_goes_on_where_the_last_good_page_ended(
    connection, sandbox, monkeypatch
):
    small_pages(connection)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "save_counts", _raises_after(2, runs.save_counts))
        sync(connection, "customer")
    sandbox.control.calls.reset()
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.created, run.pages) == ("completed", 2, 1)
    assert differences(connection, sandbox.control, "customer") == []


def _raises_after(pages, function):
    count = iter(range(pages))

    def limited(*args):
        if next(count, None) is None:
            raise ZeroDivisionError
        return function(*args)

    return limited


def test_small_pages_that_come_quickly_are_written_together(connection, sandbox, monkeypatch):
    small_pages(connection, size=2)
    monkeypatch.setattr(holding, "SECONDS", 60.0)
    original, pages = runs.save_counts, []

    def counting(run, values):
        pages.append(values["pages"])
        original(run, values)

    monkeypatch.setattr(runs, "save_counts", counting)
    run = sync(connection, "customer")["customer"]
    assert pages == [run.pages] == [-(-len(sandbox.control.rows("customers")) // 2)]
    assert differences(connection, sandbox.control, "customer") == []


def test_pages_that_were_held_when_the_source_failed_are_kept(connection, monkeypatch):
    small_pages(connection, size=2)
    monkeypatch.setattr(holding, "SECONDS", 60.0)
    original = ServiceTitanConnector.list_page

    def failing(self, entity, page, size, **more):
        if page == 4:
            raise RemoteError(Who.RETRY_LATER, "unreachable", "No answer.")
        return original(self, entity, page, size, **more)

    monkeypatch.setattr(ServiceTitanConnector, "list_page", failing)
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.pages, run.read) == ("failed", 3, 6)
    assert Customer.objects.count() == 6
    assert rule_of(connection, "customer").cursor["page"] == 4


def test_a_worker_that_lost_its_lease_writes_nothing_more(connection):
    small_pages(connection)
    rule = rule_of(connection, "customer")

    def steal(run):
        SyncRule.objects.filter(pk=rule.pk).update(lease_until=None)
        assert leases.take(rule.pk) is not None

    ended = work(rule.pk, progress=steal)
    assert not ended.done
    assert Customer.objects.count() == 5
    run = Run.objects.latest("id")
    assert (run.state, run.pages, run.read) == ("running", 1, 5)
    rule.refresh_from_db()
    assert rule.lease_until is not None, "the lease of the other worker must stand"


def test_a_busy_database_is_tried_again_later(connection, monkeypatch):
    from django.db import OperationalError

    def busy(*args):
        raise OperationalError("database is locked")

    monkeypatch.setattr(runs, "save_counts", busy)
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.error_who) == ("failed", "retry_later")
    assert "too busy" in run.error
    assert rule_of(connection, "customer").lease_until is None


# --- Runs ------------------------------------------------------------------------------------------------------------


def test_a_run_asked_for_twice_is_one_run(connection):
    rule = rule_of(connection, "customer")
    one = runs.ask(rule, Run.Trigger.PERSON)
    assert runs.ask(rule, Run.Trigger.SCHEDULE).pk == one.pk
    assert work(rule.pk).run.pk == one.pk
    assert Run.objects.filter(rule=rule).count() == 1
    assert runs.ask(rule, Run.Trigger.PERSON).pk != one.pk


def test_a_run_cancelled_meanwhile_stops_after_the_page_at_hand(connection):
    small_pages(connection)
    rule = rule_of(connection, "customer")
    run = work(rule.pk, progress=lambda run: Run.objects.filter(pk=run.pk).update(cancel_wanted=True)).run
    assert (run.state, run.pages, run.created) == ("cancelled", 1, 5)
    assert "Cancelled by a person" in run.error
    assert sync(connection, "customer")["customer"].created == 7


def test_a_slice_that_is_over_leaves_the_run_for_the_next_one(connection, sandbox):
    small_pages(connection)
    rule = rule_of(connection, "customer")
    slices = 0
    while not (ended := work(rule.pk, seconds=0)).done:
        slices += 1
        assert ended.run.state == "running"
    assert slices >= 2
    assert (ended.run.pages, ended.run.created) == (3, 12)
    assert Run.objects.filter(rule=rule).count() == 1
    assert differences(connection, sandbox.control, "customer") == []


def test_a_page_size_changed_in_the_middle_of_a_list_skips_no_row(connection, sandbox):
    """The cursor counts pages: read on with larger ones, it would jump over rows."""
    small_pages(connection, 3)
    rule = rule_of(connection, "customer")
    work(rule.pk, seconds=0)
    small_pages(connection, 6)
    while not work(rule.pk, seconds=0).done:
        pass
    assert differences(connection, sandbox.control, "customer") == []


def test_counts_that_do_not_add_up_fail_the_run(connection):
    rule = rule_of(connection, "customer")
    run = runs.ask(rule, Run.Trigger.PERSON)
    Run.objects.filter(pk=run.pk).update(read=5, created=4)
    assert (runs.finish(run).state, run.error_reason) == ("failed", "counts")


# --- Records that fail -----------------------------------------------------------------------------------------------


def break_row(control, table, key, **members):
    control.change(table, key, **members)


def test_a_row_that_cannot_be_read_fails_alone_with_its_reason_and_payload(connection, sandbox):
    key = sandbox.control.rows("customers")[3]["id"]
    sandbox.control.change("customers", key, balance="much")
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.created, run.failed, run.read) == ("with_errors", 11, 1, 12)
    failure = RunFailure.objects.get()
    assert (failure.external_id, failure.state, failure.reason) == (str(key), "open", "mapping")
    assert "balance" in failure.message
    assert failure.payload["id"] == key


def test_a_failure_closes_by_itself_when_the_record_succeeds_later(connection, sandbox):
    key = sandbox.control.rows("customers")[3]["id"]
    sandbox.control.change("customers", key, balance="much")
    sync(connection, "customer")
    sandbox.control.change("customers", key, balance=5)
    run = sync(connection, "customer")["customer"]
    assert run.state == "completed"
    failure = RunFailure.objects.get()
    assert failure.state == "resolved"
    assert failure.resolved_at is not None
    assert differences(connection, sandbox.control, "customer") == []


def test_a_row_that_fails_again_is_counted_up_and_not_listed_twice(connection, sandbox):
    key = sandbox.control.rows("customers")[3]["id"]
    for attempt in range(3):
        sandbox.control.change("customers", key, balance="much", name=f"try {attempt}")
        sync(connection, "customer")
    assert RunFailure.objects.get().attempts == 3


@pytest.mark.parametrize("entity", ["customer", "note"])
def test_a_retry_reads_the_record_anew_or_takes_its_stored_payload(connection, sandbox, entity):
    """Customers can be read by id; job notes cannot, so their payload is all there is."""
    connection.rules.update(enabled=True)
    sync(connection, "customer", "location", "job")
    table, broken = {
        "customer": ("customers", {"balance": "much"}),
        "note": ("job-notes", {"isPinned": "maybe"}),
    }[entity]
    key = sandbox.control.rows(table)[0].get("id") or next(iter(sandbox.control.store[table].rows))
    sandbox.control.change(table, key, **broken)
    sync(connection, entity)
    failure = RunFailure.objects.get()
    assert isinstance(failure.payload, dict)
    if entity == "note":
        failure.payload["isPinned"] = True
        failure.save()
    else:
        sandbox.control.store[table].write(key, {"balance": 7}, None)
    RunFailure.objects.update(state=RunFailure.State.RETRYING)
    run = sync(connection, entity)[entity]
    assert RunFailure.objects.get().state == "resolved"
    assert run.adds_up
    assert Link.objects.get(entity=entity, external_id=failure.external_id).record_id is not None


def test_a_retry_that_fails_again_is_open_again(connection, sandbox):
    key = sandbox.control.rows("customers")[3]["id"]
    sandbox.control.change("customers", key, balance="much")
    sync(connection, "customer")
    RunFailure.objects.update(state=RunFailure.State.RETRYING)
    run = sync(connection, "customer")["customer"]
    assert run.state == "with_errors"
    failure = RunFailure.objects.get()
    assert failure.state == "open"
    assert failure.attempts > 1


@pytest.mark.parametrize(
    "members",
    [
        {"modifiedOn": "yesterday"},
        {"modifiedOn": "0001-01-01T00:00:00+05:00"},
        {"modifiedOn": "9999-12-31T23:59:59-08:00"},
        {"balance": 1e30},
        {"name": {"first": "Ana"}},
        {"tagTypeIds": "none"},
        {"active": "perhaps"},
        {"mergedToId": [1]},
        {"id": None},
        {"id": "9" * 80},
    ],
    ids=str,
)
def test_no_value_of_one_row_stops_the_others(connection, sandbox, members):
    key = sandbox.control.rows("customers")[3]["id"]
    sandbox.control.store["customers"].write(key, members, None)
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.error) in {("with_errors", ""), ("completed", "")}
    assert run.created >= 11
    assert run.adds_up


@pytest.mark.parametrize("modified", ["2026-01-05T10:00:00", "2026-01-05T10:00:00.1234567Z", None, "soon"])
def test_a_list_without_a_feed_survives_any_time_of_change(connection, sandbox, modified):
    """Job types are polled: the cursor itself is made of their times."""
    key = sandbox.control.rows("job-types")[3]["id"]
    sandbox.control.store["job-types"].write(key, {"modifiedOn": modified}, None)
    for _ in range(2):
        run = sync(connection, "job_type")["job_type"]
        assert run.state in {"completed", "with_errors"}, run.error_details
    assert Link.objects.filter(entity="job_type", record_id__isnull=False).count() >= 11


# --- Refusals --------------------------------------------------------------------------------------------------------


def test_a_scope_taken_away_switches_its_entity_off_and_the_rest_goes_on(connection, sandbox):
    granted = [scope for scope in sandbox.access.app_scopes if scope != "tn.acc.invoices:r"]
    sandbox.control.grant(granted)
    sandbox.control.expire_tokens()
    done = sync(connection, "customer", "invoice", "location")
    assert done["customer"].state == done["location"].state == "completed"
    assert (done["invoice"].state, done["invoice"].error_who) == ("failed", "fix_configuration")
    assert "tn.acc.invoices:r" in done["invoice"].error
    rule = rule_of(connection, "invoice")
    assert not rule.enabled
    assert "tn.acc.invoices:r" in rule.off_because
    connection.refresh_from_db()
    assert connection.status == "connected"


def test_403_for_everything_asks_for_a_new_link_and_says_who_and_where(connection, sandbox):
    sandbox.control.disable_app()
    run = sync(connection, "customer")["customer"]
    connection.refresh_from_db()
    assert (connection.status, connection.health) == ("relink", "failing")
    assert "API Application Access" in connection.problem
    assert "admin" in connection.problem
    assert (run.state, run.error_who, run.error) == ("failed", "fix_configuration", connection.problem)


def test_credentials_that_stopped_working_ask_for_a_new_link(connection, sandbox):
    sandbox.access.clients["cid.sandbox"].secrets = ["cs1.another"]
    sandbox.control.expire_tokens()
    run = sync(connection, "customer")["customer"]
    connection.refresh_from_db()
    assert (run.error_reason, connection.status) == ("invalid_client", "relink")
    assert "client secret" in connection.problem


def test_a_person_who_pauses_a_connection_is_not_overruled_by_a_run_that_fails(
    connection,
):
    """The run holds the connection as it was when it began."""

    def pause_and_break(run):
        type(connection).objects.filter(pk=connection.pk).update(status="paused")
        raise RemoteError(Who.FIX_CONFIGURATION, "invalid_client", "The client is off.", relink=True)

    run = work(rule_of(connection, "customer").pk, progress=pause_and_break).run
    assert (run.state, run.error_reason) == ("failed", "invalid_client")
    connection.refresh_from_db()
    assert connection.status == "paused"


def test_a_database_error_of_our_own_is_a_bug_that_says_so_without_values(connection, monkeypatch):
    def broken(*args):
        raise DatabaseError("relation missing")

    monkeypatch.setattr(runs, "save_counts", broken)
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.error_who) == ("failed", "our_bug")
    assert "DatabaseError" in run.error
