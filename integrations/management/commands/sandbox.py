"""`manage.py sandbox servicetitan`: a local stand-in for ServiceTitan, until Ctrl-C."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.sandbox import command, server


class Command(BaseCommand):
    help = "Serve a local stand-in for ServiceTitan with made-up data, until Ctrl-C."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = argparse.Namespace(**options)
        try:
            sandbox = command.sandbox_from(chosen)
            running = server.start_in_thread(sandbox, chosen.host, chosen.port)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(command.describe(running.url, sandbox))
        self.stdout.flush()
        command.serve(running)
