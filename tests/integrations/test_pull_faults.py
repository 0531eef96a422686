"""Bad days: whatever a source and its network do, in the end the records are equal to the source."""

import random
import time
from threading import Thread

import pytest
from django.db import connections

from integrations.connectors.base import Token
from integrations.models import Run
from integrations.work import work
from reconciliation.models import Link
from tests.integrations.syncs import sync_all
from tests.integrations.truth import differences

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]

EVERY_FAULT = (
    "server_error:0.04",
    "html_502:0.04",
    "service_unavailable:0.04",
    "truncated_json:0.04",
    "cut_body:0.04",
    "empty_body:0.04",
    "reset:0.04",
    "lost_reply:0.04",
    "token_expired:0.04",
    "slow:0.05,argument=0.1",
    "duplicate_rows:0.15",
    "unknown_fields:0.15",
    "rate_limited:0.05,count=2",
    "rate_limited_with_retry_after:0.05,count=1",
)


def created():
    return sum(Run.objects.values_list("created", flat=True))


def owned():
    return Link.objects.filter(record_id__isnull=False).count()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_faults_at_once_lose_nothing_and_double_nothing(connection, sandbox, seed):
    control = sandbox.control
    control.faults_on.seed = seed
    connection.rules.update(page_size=7)
    control.faults(*EVERY_FAULT)
    sync_all(connection)
    control.touch("customers", 3)
    control.touch("invoices", 3)
    sync_all(connection)
    assert sum(count for status, count in control.calls.statuses.items() if status >= 400) > 5, "a bad day"
    control.faults()
    sync_all(connection)
    assert differences(connection, control) == []
    assert all(run.adds_up for run in Run.objects.all())
    assert created() == owned()
    assert not Run.objects.filter(error_who="our_bug").exists()


@pytest.mark.parametrize(
    "fault", ["server_error", "html_502", "truncated_json", "empty_body", "reset", "cut_body"]
)
def test_a_source_that_is_down_fails_the_run_in_words_and_is_asked_again_later(connection, sandbox, fault):
    sandbox.control.faults(f"{fault}:1.0,path=/customers")
    run = work(connection.rules.get(entity="customer").pk).run
    assert (run.state, run.error_who, run.read) == ("failed", "retry_later", 0)
    assert "tries again by itself" in run.error
    rule = connection.rules.get(entity="customer")
    assert (rule.failures, rule.lease_until) == (1, None)
    assert 0 < (rule.due_at - run.finished_at).total_seconds() <= 60
    connection.refresh_from_db()
    assert (connection.status, connection.health) == ("connected", "degraded")
    sandbox.control.faults()
    assert work(rule.pk).run.state == "completed"
    connection.refresh_from_db()
    assert (connection.health, connection.problem) == ("healthy", "")


def test_a_reply_of_another_shape_is_our_bug_and_says_so(connection, sandbox, monkeypatch):
    sandbox.control.faults("not_found:1.0,path=/customers")
    run = work(connection.rules.get(entity="customer").pk).run
    assert (run.state, run.error_who) == ("failed", "fix_configuration")


def test_two_workers_at_once_on_one_merchant_share_the_work(connection, sandbox):
    connection.rules.update(enabled=True, page_size=5)
    pages = list(connection.rules.values_list("pk", flat=True))
    errors = []

    def worker(seed):
        try:
            order = random.Random(seed).sample(pages, len(pages))
            for rule in order:
                while (ended := work(rule, seconds=0)) is not None and not ended.done:
                    pass
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=worker, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    for _ in range(3):
        sync_all(connection)
    assert differences(connection, sandbox.control) == []
    assert created() + sum(Run.objects.values_list("joined", flat=True)) >= owned()
    assert all(run.adds_up for run in Run.objects.all())


def test_rows_that_change_while_their_list_is_read_are_not_lost(connection, sandbox):
    control = sandbox.control
    connection.rules.update(page_size=3)
    rule = connection.rules.get(entity="customer")

    def meanwhile(run):
        control.touch("customers", 2)
        if run.pages == 2:
            control.add(4)

    work(rule.pk, progress=meanwhile)
    work(rule.pk)
    assert differences(connection, control, "customer") == []


def test_a_token_that_ends_in_the_middle_is_renewed_once(connection, sandbox):
    connection.rules.update(page_size=3)
    calls = sandbox.control.calls

    def expire(run):
        if run.pages == 2:
            sandbox.control.expire_tokens()

    run = work(connection.rules.get(entity="customer").pk, progress=expire).run
    assert (run.state, run.created) == ("completed", 12)
    assert calls.token_calls <= 1


def test_a_sign_of_life_keeps_the_lease_while_a_page_is_long_in_coming(connection, sandbox, monkeypatch):
    from integrations import leases, reading

    monkeypatch.setattr(reading, "SIGN_OF_LIFE", 0.05)
    connection.rules.update(page_size=4)
    signs = []
    renew = leases.renew
    monkeypatch.setattr(
        leases, "renew", lambda lease, **values: signs.append(values) or renew(lease, **values)
    )
    sandbox.control.faults("slow:1.0,path=/customers,argument=0.4")
    began = time.monotonic()
    run = work(connection.rules.get(entity="customer").pk).run
    assert run.state == "completed"
    assert time.monotonic() - began > 0.4
    assert len([values for values in signs if not values]) >= 2


def test_a_token_never_shows_in_a_representation():
    from datetime import UTC, datetime

    assert "s3cret" not in repr(Token("s3cret", datetime.now(UTC)))
