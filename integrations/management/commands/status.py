"""`manage.py status [SLUG]`: where every merchant stands, and what needs a person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.management.printing import as_json, table
from integrations.management.tenants import tenant_by_slug
from integrations.models import Connection, Run, RunFailure, SyncRule
from integrations.wiring import worker_problem
from portal.models import Tenant
from reconciliation.models import Conflict, Link

_NONE = dict.fromkeys(("system", "status", "health", "synced_at", "failures", "pending"))


class Command(BaseCommand):
    help = (
        "Show each merchant's connections, or one merchant's sync rules. Exits 1 if something needs a person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="the merchant's short name; without it, all")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = (
            [tenant_by_slug(options["slug"])] if options["slug"] else list(Tenant.objects.order_by("slug"))
        )
        documents = [_tenant(tenant, rules=bool(options["slug"])) for tenant in tenants]
        problem = worker_problem()
        if options["json"]:
            self.stdout.write(as_json({"workers": problem or "ok", "tenants": documents}))
        else:
            self._print(documents, problem)
        if problem or any(c["problem"] for document in documents for c in document["connections"]):
            raise SystemExit(1)

    def _print(self, documents: list[dict[str, Any]], problem: str | None) -> None:
        rows = [
            (
                d["slug"],
                d["status"],
                c["system"],
                c["status"],
                c["health"],
                c["synced_at"],
                c["failures"],
                c["pending"],
            )
            for d in documents
            for c in d["connections"] or [_NONE]
        ]
        columns = (
            "merchant",
            "status",
            "system",
            "connection",
            "health",
            "last synced",
            "failures",
            "pending",
        )
        self.stdout.write(table(columns, rows))
        for document in documents:
            for connection in document["connections"]:
                if connection.get("rules"):
                    self.stdout.write("")
                    names = ("entity", "state", "records", "synced_at", "due_at")
                    self.stdout.write(
                        table(names, [[r[name] for name in names] for r in connection["rules"]])
                    )
                if connection["problem"]:
                    self.stderr.write(self.style.ERROR(f"{document['slug']}: {connection['problem']}"))
        if problem:
            self.stderr.write(self.style.ERROR(problem))


def _tenant(tenant: Tenant, *, rules: bool) -> dict[str, Any]:
    connections = Connection.objects.filter(tenant=tenant)
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "connections": [_connection(connection, rules=rules) for connection in connections],
    }


def _connection(connection: Connection, *, rules: bool) -> dict[str, Any]:
    failures = RunFailure.objects.filter(rule__connection=connection).exclude(state=RunFailure.State.RESOLVED)
    pending = Conflict.objects.filter(link__source=connection.source_id, state=Conflict.State.PENDING)
    found: dict[str, Any] = {
        "system": connection.system,
        "status": connection.status,
        "health": connection.health,
        "problem": connection.problem,
        "who": connection.problem_who,
        "synced_at": _when(connection.synced_at),
        "failures": failures.count(),
        "pending": pending.count(),
    }
    if rules:
        found["rules"] = [_rule(rule) for rule in connection.rules.all()]
    return found


def _rule(rule: SyncRule) -> dict[str, Any]:
    run = Run.objects.filter(rule=rule).order_by("-id").first()
    links = Link.objects.filter(source=rule.connection.source_id, entity=rule.entity, record_id__isnull=False)
    return {
        "entity": rule.entity,
        "enabled": rule.enabled,
        "state": (run.state if run else "never run")
        if rule.enabled
        else f"off: {rule.off_because or 'by a person'}",
        "records": links.count(),
        "synced_at": _when(rule.synced_at),
        "due_at": _when(rule.due_at),
    }


def _when(at: Any) -> str | None:
    return at.astimezone(timezone.get_current_timezone()).strftime("%Y-%m-%d %H:%M:%SZ") if at else None
