"""Trunkline itself: the pull that `manage.py sync` runs, on a merchant onboarded as people do it.

Acts: `prepare` (migrate, onboard, connect; not measured), `full` and `changes` (a pull of each entity).
"""

import os

from tests.bench.jobs import APP_KEY, CLIENT_ID, CLIENT_SECRET, TENANT, Job, Measured, measured

SLUG = "bench"


def run(job: Job) -> Measured:
    os.environ["DATABASE_URL"] = job.database
    os.environ["VAR_DIR"] = job.folder
    os.environ["CUSTOM_API_HOSTS"] = job.url.removeprefix("http://")
    import django

    django.setup()
    return _prepare(job) if job.act == "prepare" else _pull(job)


def _prepare(job: Job) -> Measured:
    from django.core.management import call_command

    from integrations import connecting
    from portal.models import Partner

    call_command("migrate", verbosity=0)
    partner = Partner.objects.create(name="Bench", slug="bench")
    tenant, _ = connecting.onboard(SLUG, "Bench", partner=partner)
    connection = connecting.save_credentials(
        tenant,
        "servicetitan",
        {
            "tenant_id": str(TENANT),
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "app_key": APP_KEY,
        },
        environment="custom",
        api_url=job.url,
        auth_url=job.url,
        allowed_hosts=[job.url.removeprefix("http://")],
    )
    connecting.test(connection)
    connection.rules.update(page_size=job.page_size)
    return Measured()


def _pull(job: Job) -> Measured:
    from integrations import runs
    from integrations.models import Run, SyncRule
    from integrations.work import work
    from reconciliation.models import Conflict

    rules = {rule.entity: rule for rule in SyncRule.objects.filter(connection__tenant__slug=SLUG)}
    before = fingerprint()
    finished = []
    with measured() as found:
        for entity in job.entities:
            runs.ask(rules[entity], Run.Trigger.COMMAND, full=job.act == "full")
            ended = work(rules[entity].pk)
            assert ended is not None, f"{entity}: another process holds the rule"
            assert ended.run.state == Run.State.COMPLETED, (
                f"{entity}: {ended.run.state} {troubles(ended.run)}"
            )
            finished.append(ended.run)
    found.records = sum(run.read for run in finished)
    for name in ("calls", "pages", "created", "updated", "unchanged", "waiting", "failed", "rate_limited"):
        found.facts[name] = sum(getattr(run, name) for run in finished)
    found.facts["conflicts"] = Conflict.objects.count()
    found.facts["wrote_no_record"] = fingerprint() == before
    return found


def troubles(run) -> list[str]:
    """Why a run did not come through, and why records of it failed."""
    return [run.error, run.error_details[-800:], *run.failures.values_list("message", flat=True)[:3]]


def fingerprint() -> list[object]:
    """Changes when any record, link or change is written."""
    from django.db.models import Count, Max, Sum

    from reconciliation.entities import ENTITIES
    from reconciliation.models import Change, Link

    models = {ENTITIES[name].model for name in ("customer", "location", "job", "invoice")}
    found: list[object] = [
        model.objects.aggregate(n=Count("pk"), last=Max("updated_at"), versions=Sum("version"))
        for model in sorted(models, key=lambda model: model.__name__)
    ]
    found.append(Link.objects.aggregate(n=Count("pk"), last=Max("updated_at")))
    found.append(Change.objects.aggregate(n=Count("pk"), last=Max("pk")))
    return found
