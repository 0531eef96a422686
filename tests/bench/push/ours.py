"""Trunkline itself: the deliveries that a first sync owes to Salesforce, sent as a worker sends them.

Acts: `prepare` (a merchant with both systems whose customers are pulled and owed; not measured), `collections` and
`bulk` (everything that is owed is sent), `read back` (Salesforce is pulled again: what was sent must owe nothing).
"""

import time

from integrations.sandbox.salesforce.access import CLIENT_ID, CLIENT_SECRET
from tests.bench import ours
from tests.bench.jobs import Job, Measured, measured

NEVER = 10**9


def run(job: Job) -> Measured:
    ours.set_up(job, job.url, job.org)
    if job.act == "prepare":
        return _prepare(job)
    return _read_back() if job.act == "read back" else _push(job)


def _prepare(job: Job) -> Measured:
    from integrations import connecting
    from integrations.models import SyncRule
    from portal.models import Tenant

    ours.onboard(job)
    connection = connecting.save_credentials(
        Tenant.objects.get(slug=ours.SLUG),
        "salesforce",
        {"way": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        environment="custom",
        api_url=job.org,
        allowed_hosts=[job.org.removeprefix("http://")],
    )
    connecting.test(connection)
    ours.pull(_rule("salesforce"))
    SyncRule.objects.filter(connection=connection, entity="customer").update(direction="both")
    ours.pull(_rule("servicetitan"))
    return Measured(records=_owed())


def _push(job: Job) -> Measured:
    from django.conf import settings

    from integrations import leases
    from integrations.models import Delivery, SyncRule
    from integrations.work import push_under

    settings.WRITE_IN_BULK_ABOVE = 0 if job.act == "bulk" else NEVER
    rule, most = _rule("salesforce"), _owed()
    with measured() as found:
        while SyncRule.objects.filter(pk=rule.pk).exists() and _owed():
            lease = leases.take(rule.pk)
            assert lease is not None, "another process holds the rule"
            brought_on = push_under(lease, seconds=float("inf"))
            leases.release(lease)
            if not brought_on:
                time.sleep(0.2)  # a bulk job is at work
    found.records = Delivery.objects.filter(rule=rule, state=Delivery.State.DONE).count()
    found.facts["left"] = most - found.records
    return found


def _read_back() -> Measured:
    from reconciliation.models import Change

    before = Change.objects.count()
    with measured() as found:
        run = ours.pull(_rule("salesforce"))
    found.records = run.read
    found.facts["owed"] = _owed()
    found.facts["changed"] = run.created + Change.objects.count() - before
    return found


def _rule(system: str):
    from integrations.models import SyncRule

    return SyncRule.objects.get(
        connection__tenant__slug=ours.SLUG, connection__system=system, entity="customer"
    )


def _owed() -> int:
    from integrations.models import Delivery

    return Delivery.objects.filter(state__in=Delivery.MOVING).count()
