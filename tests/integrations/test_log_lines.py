"""What workers log can be found by the run, rule and connection that it is about."""

import json

import pytest

from integrations.models import Run
from integrations.push import timing
from reconciliation.models import Customer
from tests.integrations.pushes import both_ways, change, push
from tests.integrations.syncs import rule_of, sync
from tests.leaks import KeptLog

pytestmark = pytest.mark.django_db(transaction=True)


def lines(text, logger):
    found = [json.loads(line) for line in text.getvalue().splitlines()]
    return [line for line in found if line["logger"].startswith(logger)]


def test_a_call_tried_again_by_a_thread_of_a_pull_is_found_by_its_run(connection, sandbox, impatient):
    connection.rules.update(page_size=2)
    sandbox.control.faults("server_error:0.5,path=/customers")
    with KeptLog() as kept:
        sync(connection, "customer")
    tried_again = lines(kept, "integrations.connectors")
    calls = lines(kept, "urllib3")
    run = Run.objects.get(rule__entity="customer")
    wanted = {
        "tenant_id": connection.tenant_id,
        "connection_id": connection.pk,
        "rule_id": rule_of(connection, "customer").pk,
        "run_id": run.pk,
    }
    assert tried_again
    assert all(wanted.items() <= line.items() for line in tried_again + calls)


def test_a_run_that_fails_for_our_own_fault_is_found_by_its_id(connection, monkeypatch):
    monkeypatch.setattr("integrations.work.Pull.go", lambda *args: 1 / 0)
    with KeptLog() as kept:
        sync(connection, "customer")
    (line,) = lines(kept, "integrations.work")
    assert line["run_id"] == Run.objects.get(rule__entity="customer").pk
    assert "ZeroDivisionError" in line["trace"]


def test_a_push_bears_its_rule_but_no_run(connection, sandbox, impatient):
    assert timing.protected
    both_ways(connection, "customer")
    sync(connection, "customer")
    change("customer", Customer.objects.filter(active=True).first().pk, name="Nora New")
    sandbox.control.faults("server_error:1.0,path=/customers")
    with KeptLog() as kept:
        push(connection, "customer")
    said = lines(kept, "integrations.connectors")
    assert said
    assert all(line["rule_id"] == rule_of(connection, "customer").pk for line in said)
    assert not any("run_id" in line for line in said)


def test_a_page_that_calls_a_system_logs_under_its_request_and_connection(
    connection, sandbox, impatient, client_for, owner
):
    sandbox.control.faults("server_error:0.5,path=/")
    with KeptLog() as kept:
        page = f"/admin/integrations/connection/{connection.pk}/test/"
        reply = client_for(owner).post(page, headers={"X-Request-Id": "the-request-in-question"})
    assert reply.status_code in {200, 302}
    said = lines(kept, "integrations.connectors")
    assert said
    wanted = {"request_id": "the-request-in-question", "connection_id": connection.pk}
    assert all(wanted.items() <= line.items() for line in said)
