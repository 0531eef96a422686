"""Rows of the top floor's models, for the walk."""

from django.utils import timezone

from integrations.connecting import ensure_rules
from integrations.models import Connection, Delivery, Run, RunFailure, SyncRule
from reconciliation.models import Source
from tests.admin.objects import makes, planted


@makes("integrations.connection")
def connection(tenant):
    known = Connection.objects.filter(tenant=tenant).first()
    if known:
        return known
    source = Source.objects.create(tenant=tenant, system="servicetitan", name="ServiceTitan")
    row = Connection.objects.create(
        tenant=tenant,
        system="servicetitan",
        environment="custom",
        api_url="http://127.0.0.1:9",
        credentials={"tenant_id": "1", "client_id": "c", "client_secret": "s", "app_key": "a"},
        source=source,
        remote_account=planted(tenant),
        status=Connection.Status.CONNECTED,
        health=Connection.Health.FAILING,
        problem=f"Something of {planted(tenant)}",
        tested_at=timezone.now(),
    )
    ensure_rules(row)
    return row


@makes("integrations.syncrule")
def rule(tenant) -> SyncRule:
    return connection(tenant).rules.get(entity="customer")


@makes("integrations.run")
def run(tenant) -> Run:
    return Run.objects.create(
        rule=rule(tenant),
        state=Run.State.FAILED,
        error=planted(tenant),
        error_who="our_bug",
        finished_at=timezone.now(),
    )


@makes("integrations.runfailure")
def failure(tenant) -> RunFailure:
    return RunFailure.objects.create(
        rule=rule(tenant),
        run=run(tenant),
        external_id="17",
        reason="mapping",
        message=planted(tenant),
        payload={"id": 17, "name": planted(tenant)},
        created_at=timezone.now(),
    )


@makes("integrations.delivery")
def delivery(tenant) -> Delivery:
    return Delivery.objects.create(
        connection=connection(tenant),
        rule=rule(tenant),
        entity="customer",
        record_id=17,
        state=Delivery.State.NEEDS_PERSON,
        reason="invalid",
        message=planted(tenant),
        request={"name": planted(tenant)},
        created_at=timezone.now(),
    )
