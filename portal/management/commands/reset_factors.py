"""`manage.py reset_factors NAME`: for somebody who has lost app, passkeys and recovery codes, when no admin is left."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.entrance import helping
from portal.management.people import person_named


class Command(BaseCommand):
    help = "Takes away a person's second factors and ends their sessions; the next log-in sets up new ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = person_named(options["username"])
        count = helping.reset_factors(user)
        self.stdout.write(f"{user} had {count}. A new one is set up at the next log-in.")
