"""`manage.py restore FILE`: a backup in the place of the database, ready to be worked on."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import backups


class Command(BaseCommand):
    help = (
        "Put a backup in the place of all that is in the database, migrate it, and have everything that was still to "
        "be written looked for at the other systems before it is sent. Stop web server, workers and tick first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="what is there now may be lost")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no {file}.")
        if not options["yes"]:
            raise CommandError("All that is in the database now will be lost. Say --yes.")
        try:
            backups.restore(file)
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        backups.settle()
        self.stdout.write(f"{file} is restored. Start web server, workers and tick.")
