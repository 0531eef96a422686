"""`manage.py onboard SLUG --name NAME`: a merchant's first step."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from integrations import connecting
from integrations.management.printing import as_json, table
from integrations.management.tenants import in_words
from portal.models import Partner


class Command(BaseCommand):
    help = "Add a merchant, or change one. Running it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name in addresses and commands, such as hartwell")
        parser.add_argument("--name", required=True, help="the merchant's business name")
        parser.add_argument("--timezone", default="", help="IANA name such as America/Chicago")
        parser.add_argument("--region", default="", help="country of phone numbers, such as US")
        parser.add_argument("--currency", default="", help="ISO 4217 code such as USD")
        parser.add_argument(
            "--partner", default="", help="short name of the partner; needed if there are several"
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant, created = connecting.onboard(
                options["slug"],
                options["name"],
                partner=_partner(options["partner"]),
                timezone_name=options["timezone"],
                region=options["region"],
                currency=options["currency"],
            )
        except ValidationError as error:
            raise CommandError(in_words(error)) from None
        found = {
            "slug": tenant.slug,
            "name": tenant.name,
            "partner": tenant.partner.slug,
            "timezone": tenant.timezone,
            "region": tenant.phone_region,
            "currency": tenant.currency,
            "status": tenant.status,
            "created": created,
        }
        if options["json"]:
            self.stdout.write(as_json(found))
            return
        self.stdout.write(table(("", ""), list(found.items())))
        self.stdout.write(f"\nNext: manage.py connect {tenant.slug} servicetitan …")


def _partner(slug: str) -> Partner:
    """The partner named; or the only one there is; or, in an empty portal, a first one."""
    if slug:
        return Partner.objects.get_or_create(slug=slugify(slug), defaults={"name": slug})[0]
    partners = list(Partner.objects.all()[:2])
    if len(partners) > 1:
        known = ", ".join(Partner.objects.values_list("slug", flat=True))
        raise CommandError(f"There are several partners: say which with --partner. There is {known}.")
    return partners[0] if partners else Partner.objects.create(name="First partner", slug="first-partner")
