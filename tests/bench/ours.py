"""Trunkline itself: the pull that `manage.py sync` runs, on a merchant onboarded as people do it.

Acts: `prepare` (migrate, onboard, connect; not measured), `full` and `changes` (a pull of each entity).
"""

import os

from tests.bench.jobs import APP_KEY, CLIENT_ID, CLIENT_SECRET, TENANT, Job, Measured, measured

SLUG = "bench"


def run(job: Job) -> Measured:
    set_up(job, job.url)
    return _prepare(job) if job.act == "prepare" else _pull(job)


def set_up(job: Job, *urls: str) -> None:
    """Django on the job's database, with these addresses allowed."""
    os.environ["DATABASE_URL"] = job.database
    os.environ["VAR_DIR"] = job.folder
    os.environ["CUSTOM_API_HOSTS"] = ",".join(url.removeprefix("http://") for url in urls)
    import django

    django.setup()


def _prepare(job: Job) -> Measured:
    onboard(job)
    return Measured()


def onboard(job: Job) -> None:
    """A fresh database with one merchant whose ServiceTitan is connected."""
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


def _pull(job: Job) -> Measured:
    from integrations.models import SyncRule
    from reconciliation.models import Conflict

    rules = {rule.entity: rule for rule in SyncRule.objects.filter(connection__tenant__slug=SLUG)}
    before = fingerprint()
    with measured() as found:
        finished = [pull(rules[entity], full=job.act == "full") for entity in job.entities]
    found.records = sum(run.read for run in finished)
    for name in ("calls", "pages", "created", "updated", "unchanged", "waiting", "failed", "rate_limited"):
        found.facts[name] = sum(getattr(run, name) for run in finished)
    found.facts["conflicts"] = Conflict.objects.count()
    found.facts["wrote_no_record"] = fingerprint() == before
    return found


def pull(rule, *, full: bool = False):
    """The finished run of a rule."""
    from integrations import runs
    from integrations.models import Run
    from integrations.work import work

    runs.ask(rule, Run.Trigger.COMMAND, full=full)
    ended = work(rule.pk)
    assert ended is not None, f"{rule.entity}: another process holds the rule"
    assert ended.run.state == Run.State.COMPLETED, f"{rule.entity}: {ended.run.state} {troubles(ended.run)}"
    return ended.run


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
