"""`manage.py unlock NAME`: somebody who has guessed wrong too often may try again at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.entrance import helping
from portal.models import User


class Command(BaseCommand):
    help = "Lets a person try to log in again at once after too many wrong guesses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is nobody with the user name {options['username']}.")
        helping.unlock(user)
        self.stdout.write(f"{user} may try again at once.")
