"""Watching runs, cancelling them, and trying failed records again."""

import pytest

from integrations import runs, syncing
from integrations.models import FieldMapping, Run, RunFailure
from integrations.tasks import wake
from integrations.work import work
from portal.models import AuditEntry
from tests.integrations.pages import at, said, words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(client_for, owner):
    return client_for(owner)


@pytest.fixture
def customers(connection):
    return connection.rules.get(entity="customer")


@pytest.fixture
def failed(customers):
    """A run in which every customer failed: their mapping wants an e-mail address in the name."""
    customers.mappings.filter(field="name").update(transform="email")
    return work(customers.pk).run


def mend(rule):
    FieldMapping.objects.filter(rule=rule, field="name").update(transform="text")


class TestARun:
    def test_is_not_found_by_an_outsider_nor_its_parts(self, client_for, outsider, failed):
        client = client_for(outsider)
        for page in ("run_change", "run_live", "run_cancel", "run_retry"):
            assert client.get(at(page, failed.pk)).status_code == 404
            assert client.post(at(page, failed.pk)).status_code == 404

    def test_cannot_be_cancelled_or_retried_by_who_only_looks(self, client_for, finance, failed):
        client = client_for(finance)
        assert client.get(at("run_change", failed.pk)).status_code == 200
        assert client.post(at("run_cancel", failed.pk)).status_code == 403
        assert client.post(at("run_retry", failed.pk), {"retry": "all"}).status_code == 403

    def test_shows_counts_that_add_up_and_each_failure_with_its_reason(self, staff, failed):
        text = words(staff.get(at("run_change", failed.pk)))
        assert (
            f"{failed.read} read = 0 created 0 updated 0 unchanged 0 waiting {failed.failed} failed" in text
        )
        assert "Completed with errors" in text
        assert "so name cannot be filled" in text

    def test_that_failed_says_who_must_act_and_where(self, staff, connection, customers):
        run = runs.ask(customers, Run.Trigger.PERSON)
        runs.fail(run, "fix_configuration", "invalid_client", "The client secret is wrong.")
        text = words(staff.get(at("run_change", run.pk)))
        assert "The client secret is wrong." in text
        assert "Someone who configures this connection must act." in text
        assert at("connection_test", connection.pk) in staff.get(at("run_change", run.pk)).content.decode()

    def test_live_part_goes_on_until_the_run_is_over(self, staff, customers):
        run = runs.ask(customers, Run.Trigger.PERSON)
        assert "X-Refresh" not in staff.get(at("run_live", run.pk)).headers
        work(customers.pk)
        assert staff.get(at("run_live", run.pk))["X-Refresh"] == "done"

    def test_that_waits_is_cancelled_at_once_and_audited(self, staff, customers):
        run = runs.ask(customers, Run.Trigger.PERSON)
        staff.post(at("run_cancel", run.pk))
        run.refresh_from_db()
        assert run.state == Run.State.CANCELLED
        assert AuditEntry.objects.filter(action="sync.cancelled").exists()

    def test_that_waits_in_vain_says_that_no_worker_is_there(self, staff, customers, monkeypatch):
        monkeypatch.setattr("integrations.admin.runs.PATIENCE", -1)
        run = runs.ask(customers, Run.Trigger.PERSON)
        assert "No worker has taken this up." in words(staff.get(at("run_change", run.pk)))

    def test_list_filters_by_entity_and_state(self, staff, failed, connection):
        assert "Customer" in words(
            staff.get(at("run_changelist", entity="customer", state__exact="with_errors"))
        )
        assert "Nothing matches." in words(staff.get(at("run_changelist", entity="job")))

    def test_list_costs_the_same_queries_for_one_run_or_fifty(
        self, staff, connection, django_assert_max_num_queries
    ):
        for rule in connection.rules.all():
            for _ in range(2):
                Run.objects.create(rule=rule, state=Run.State.COMPLETED)
        with django_assert_max_num_queries(12):
            staff.get(at("run_changelist"))


class TestABatch:
    def test_of_nobodys_is_not_found(self, staff):
        assert staff.get(at("run_batch")).status_code == 404
        assert staff.get(at("run_batch", batch="nonsense")).status_code == 404
        assert staff.get(at("run_batch", batch="00000000-0000-4000-8000-000000000000")).status_code == 404

    def test_of_another_partner_is_not_found(self, client_for, outsider, owner, connection):
        batch = syncing.start(connection, user=owner, entities=["customer"])
        client = client_for(outsider)
        assert client.get(at("run_batch", batch=batch)).status_code == 404
        assert client.post(at("run_batch_cancel", batch=batch)).status_code in (302, 403, 404)
        assert Run.objects.filter(batch=batch, state=Run.State.QUEUED).exists()

    def test_shows_how_far_all_have_come(self, staff, owner, connection):
        batch = syncing.start(connection, user=owner, entities=["customer", "technician"])
        assert "0 % · 0 of 2 done" in words(staff.get(at("run_batch_live", batch=batch)))
        work(connection.rules.get(entity="technician").pk)
        assert "50 % · 1 of 2 done" in words(staff.get(at("run_batch_live", batch=batch)))
        work(connection.rules.get(entity="customer").pk)
        reply = staff.get(at("run_batch_live", batch=batch))
        assert reply["X-Refresh"] == "done"
        assert "Everything came through." in words(reply)

    def test_is_cancelled_as_a_whole(self, staff, owner, connection):
        batch = syncing.start(connection, user=owner)
        staff.post(at("run_batch_cancel", batch=batch))
        assert set(Run.objects.filter(batch=batch).values_list("state", flat=True)) == {"cancelled"}


class TestRetrying:
    def test_where_nothing_is_open_says_so(self, staff, failed):
        RunFailure.objects.update(state=RunFailure.State.RESOLVED)
        assert "nothing has to be retried" in said(staff.post(at("run_retry", failed.pk), {"retry": "all"}))

    def test_under_a_rule_that_is_off_says_what_to_do(self, staff, failed, customers):
        type(customers).objects.filter(pk=customers.pk).update(enabled=False)
        assert "Switch the sync rule on first" in said(
            staff.post(at("run_retry", failed.pk), {"retry": "all"})
        )
        assert not RunFailure.objects.filter(state=RunFailure.State.RETRYING).exists()

    def test_with_ids_of_another_run_touches_nothing(self, staff, failed, connection):
        other = Run.objects.create(rule=connection.rules.get(entity="job"), state=Run.State.FAILED)
        ids = list(RunFailure.objects.values_list("pk", flat=True))
        staff.post(at("run_retry", other.pk), {"retry": "selected", "failure": ids})
        assert not RunFailure.objects.exclude(state=RunFailure.State.OPEN).exists()

    def test_all_reads_them_anew_and_closes_them(self, staff, failed, customers, sandbox):
        mend(customers)
        reply = staff.post(at("run_retry", failed.pk), {"retry": "all"})
        assert "are tried again" in said(reply)
        assert set(RunFailure.objects.values_list("state", flat=True)) == {"retrying"}
        wake()
        assert set(RunFailure.objects.values_list("state", flat=True)) == {"resolved"}
        assert AuditEntry.objects.get(action="failures.retried").note == f"{failed.failed} failed records"
        assert "Resolved" in words(staff.get(at("run_change", failed.pk)))

    def test_one_leaves_the_others_open(self, staff, failed, customers):
        mend(customers)
        one = RunFailure.objects.order_by("pk").first()
        staff.post(at("runfailure_retry", one.pk))
        assert RunFailure.objects.filter(state=RunFailure.State.RETRYING).get() == one

    def test_selected_ones_by_the_lists_action(self, staff, failed, customers):
        mend(customers)
        chosen = list(RunFailure.objects.order_by("pk").values_list("pk", flat=True)[:3])
        staff.post(at("runfailure_changelist"), {"action": "retry_selected", "_selected_action": chosen})
        assert set(RunFailure.objects.filter(state="retrying").values_list("pk", flat=True)) == set(chosen)

    def test_all_that_match_a_filter_by_the_lists_action(self, staff, failed, customers):
        mend(customers)
        first = RunFailure.objects.order_by("pk").first()
        asked = {"action": "retry_selected", "_selected_action": [first.pk], "select_across": "1"}
        staff.post(at("runfailure_changelist", reason__exact="mapping"), asked)
        assert set(RunFailure.objects.values_list("state", flat=True)) == {"retrying"}


def test_a_failures_page_shows_what_came_and_opens_the_source(staff, failed):
    failure = RunFailure.objects.order_by("pk").first()
    page = staff.get(at("runfailure_change", failure.pk))
    assert f'"id": {failure.external_id}' in words(page)
    assert f"https://go.servicetitan.com/#/Customer/{failure.external_id}" in page.content.decode()


def test_the_tenants_page_moves_with_what_is_open_and_stops_when_nothing_is(staff, owner, connection):
    live = at("run_batch_live", connection=connection.pk)
    batch = syncing.start(connection, user=owner, entities=["customer", "technician"])
    work(connection.rules.get(entity="technician").pk)
    assert "50 % · 1 of 2 done" in words(staff.get(live))
    assert "X-Refresh" not in staff.get(live).headers
    work(connection.rules.get(entity="customer").pk)
    assert staff.get(live)["X-Refresh"] == "done"
    assert Run.objects.filter(batch=batch).count() == 2


def test_the_list_of_failures_costs_the_same_queries_for_one_or_many(
    staff, failed, django_assert_max_num_queries
):
    assert RunFailure.objects.count() > 5
    with django_assert_max_num_queries(14):
        assert staff.get(at("runfailure_changelist")).status_code == 200


def test_a_run_whose_failures_moved_on_says_where_they_are(staff, failed, customers):
    again = runs.ask(customers, Run.Trigger.PERSON, full=True)
    work(customers.pk)
    assert "has failed again in a later run" in words(staff.get(at("run_change", failed.pk)))
    assert "Retry all" in words(staff.get(at("run_change", again.pk)))
