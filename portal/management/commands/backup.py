"""`manage.py backup FILE`: the database in one file, while the portal is at work."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.backups import BackupFailed, dump


class Command(BaseCommand):
    help = (
        "Write the whole database into one file, as of one moment; workers and web server go on. SECRET_KEY and "
        "FIELD_KEYS are not in it: without them its credentials cannot be read, so keep them, and elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if file.exists():
            raise CommandError(f"{file} is there already.")
        try:
            size = dump(file)
        except BackupFailed as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{file}: {size:,} bytes.")
