"""`manage.py alerts`: one look at what is wrong, and what is owed sent.

The workers' tick does the same each minute. This command is for a timer beside them, so that silent workers are told too.
"""

from typing import Any

from django.core.management.base import BaseCommand

from integrations.alerts import stepping


class Command(BaseCommand):
    help = "Notice what is wrong and send the alerts that are owed, without a worker: for a timer beside the workers."

    def handle(self, *args: Any, **options: Any) -> None:
        sent = stepping.step()
        self.stdout.write(f"{sent} message{'' if sent == 1 else 's'} sent.")
