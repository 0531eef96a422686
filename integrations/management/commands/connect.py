"""`manage.py connect SLUG SYSTEM …`: stores credentials, tests them, lists scopes."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from integrations import connecting
from integrations.connectors.registry import CONNECTORS
from integrations.connectors.spec import WAY, ConnectorSpec
from integrations.management.printing import as_json, table
from integrations.management.tenants import in_words, tenant_by_slug
from integrations.models import Connection


class Command(BaseCommand):
    help = "Store a merchant's credentials for a system, test them, and list the scopes granted and missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the merchant's short name")
        parser.add_argument("system", choices=list(CONNECTORS))
        for name, item in _fields().items():
            note = " (- reads it from standard input)" if item.secret else ""
            parser.add_argument(f"--{name.replace('_', '-')}", default="", help=f"{item.label}{note}")
        environments = sorted({item.name for spec in CONNECTORS.values() for item in spec.environments})
        parser.add_argument(
            "--environment", default="", help=f"{', '.join(environments)}; else the system's first"
        )
        ways = sorted({way.name for spec in CONNECTORS.values() for way in spec.ways})
        parser.add_argument(
            "--way", default="", help=f"where a system has several ways in: {', '.join(ways)}"
        )
        parser.add_argument("--api-url", default="", help="custom only; the host must be in CUSTOM_API_HOSTS")
        parser.add_argument(
            "--auth-url", default="", help="custom only; the host must be in CUSTOM_API_HOSTS"
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_by_slug(options["slug"])
        spec = CONNECTORS[options["system"]]
        try:
            connection = connecting.save_credentials(
                tenant,
                spec.system,
                _given(spec, options),
                environment=options["environment"] or spec.environments[0].name,
                api_url=options["api_url"],
                auth_url=options["auth_url"],
                allowed_hosts=settings.CUSTOM_API_HOSTS,
            )
        except ValidationError as error:
            raise CommandError(in_words(error)) from None
        if connection.is_by_log_in:
            page = reverse("admin:integrations_connection_link", args=[connection.pk])
            self.stdout.write(f"Stored. Now log in at {spec.label}: open {page} in the portal.")
            return
        try:
            tested = connecting.test(connection)
        except connecting.ConnectingFailed as error:
            raise CommandError(f"Stored, but the test failed. {error}") from None
        self.report(connection, tested, as_document=options["json"])

    def report(self, connection: Connection, tested: connecting.Tested, *, as_document: bool) -> None:
        """Granted and missing scopes; a missing one is a warning."""
        scopes = tested.check.scopes
        if as_document:
            self.stdout.write(
                as_json(
                    {
                        "account": tested.check.account,
                        "status": connection.status,
                        "granted": [scope.scope for scope in scopes if scope.granted],
                        "missing": [{"scope": s.scope, "how": s.how} for s in tested.check.missing],
                        "switched_off": list(tested.switched_off),
                    }
                )
            )
            return
        rows = [(s.scope, "granted" if s.granted else "MISSING", ", ".join(s.entities)) for s in scopes]
        self.stdout.write(table(("scope", "", "entities"), rows))
        for scope in tested.check.missing:
            self.stderr.write(self.style.WARNING(f"\n{', '.join(scope.entities)} switched off. {scope.how}"))
        self.stdout.write(f"\nConnected: {tested.check.account}")
        self.stdout.write(f"Next: manage.py sync {connection.tenant.slug}")


def _fields() -> dict[str, Any]:
    """Every credential of every system, by name: each is an option."""
    return {item.name: item for spec in CONNECTORS.values() for item in spec.fields}


def _given(spec: ConnectorSpec, options: dict[str, Any]) -> dict[str, str]:
    """The options of this system; `-` reads one line of standard input, so that no secret stands in `ps`."""
    given = {WAY: options["way"]} if spec.ways else {}
    for item in spec.fields:
        value = options[item.name]
        if item.secret and value == "-":
            value = sys.stdin.readline().strip()
        given[item.name] = value
    return given
