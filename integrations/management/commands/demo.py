"""`manage.py demo`: everything on this machine with a made-up merchant, until Ctrl-C. `make demo` is the way in."""

import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.demo.children import ChildDied
from integrations.demo.earlier import DemoFailed, end_leftovers, refuse_second, state_file
from integrations.demo.remotes import REMOTES
from integrations.demo.runner import Demo
from integrations.demo.state import State

PORTS = {"web": 8000, **{remote.name: remote.port for remote in REMOTES}}


class Command(BaseCommand):
    help = "Run the sandboxes, the web server and the workers with a demo merchant, until Ctrl-C."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--customers", type=int, default=300, help="how many customers the shop has")
        for name, port in PORTS.items():
            parser.add_argument(
                f"--{name}-port", type=int, default=port, help="another is taken if it is in use"
            )
        parser.add_argument("--clean", action="store_true", help="forget all data instead, after asking")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["clean"]:
                self._clean()
                return
            ports = {name: options[f"{name}_port"] for name in PORTS}
            Demo(self._say, customers=options["customers"], ports=ports).go()
        except (DemoFailed, ChildDied) as error:
            raise CommandError(str(error)) from error

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _clean(self) -> None:
        """Remove the embedded database and what the demo keeps beside it. Raises DemoFailed."""
        if not settings.ON_SQLITE:
            raise DemoFailed("The data is on a database server (DATABASE_URL): drop that database there.")
        state = State.load(state_file())
        refuse_second(state)
        database = settings.DATABASES["default"]["NAME"]
        if input(f"Remove {database} with ALL its data? Type yes: ").strip() != "yes":
            self._say("Nothing was removed.")
            return
        end_leftovers(state, self._say)
        for found in settings.VAR_DIR.glob("trunkline.sqlite3*"):
            found.unlink()
        for folder in ("cache", "exports", "log"):
            shutil.rmtree(settings.VAR_DIR / folder, ignore_errors=True)
        for remote in REMOTES:
            (settings.VAR_DIR / remote.rows_file).unlink(missing_ok=True)
        state_file().unlink(missing_ok=True)
        self._say("Removed. `make demo` starts anew.")
