"""`manage.py sandbox servicetitan`, `salesforce` or `syspro`: a local stand-in for that system, until Ctrl-C."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.sandbox import command


class Command(BaseCommand):
    help = "Serve a local stand-in for another system with made-up data, until Ctrl-C."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = argparse.Namespace(**options)
        try:
            sandbox = command.sandbox_from(chosen)
            running = command.start(chosen, sandbox, settings.VAR_DIR)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(command.describe(chosen, running, sandbox))
        self.stdout.flush()
        command.serve(chosen, running, sandbox)
