"""`manage.py unlock NAME`: somebody who has guessed wrong too often may try again at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.entrance import helping
from portal.management.people import person_named


class Command(BaseCommand):
    help = "Lets a person try to log in again at once after too many wrong guesses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = person_named(options["username"])
        helping.unlock(user)
        self.stdout.write(f"{user} may try again at once.")
