"""`manage.py disconnect SLUG --keep|--wipe --yes NAME`: ends a connection, and stays until its records are done."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import disconnecting
from integrations.connectors.registry import CONNECTORS
from integrations.management.printing import ProgressBar, as_json, table
from integrations.management.tenants import connection_of, tenant_by_slug
from integrations.models import Connection, Disconnection

_POLL = 0.5


class Command(BaseCommand):
    help = "Disconnect a merchant's system. Without --yes it shows what would happen and changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the merchant's short name")
        parser.add_argument("--connection", default="servicetitan", help="the system to disconnect")
        mode = parser.add_mutually_exclusive_group(required=True)
        mode.add_argument(
            "--keep", dest="mode", action="store_const", const="keep", help="freeze its records"
        )
        mode.add_argument("--wipe", dest="mode", action="store_const", const="wipe", help="erase its records")
        parser.add_argument("--yes", metavar="NAME", help="the merchant's name, to confirm")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connection_of(tenant_by_slug(options["slug"]), options["connection"])
        mode = Disconnection.Mode(options["mode"])
        if options["yes"] is None:
            self._show(connection, mode, options["json"])
            return
        try:
            ended = disconnecting.disconnect(connection, mode, name=options["yes"], user=None)
        except disconnecting.Refused as error:
            raise CommandError(str(error)) from None
        self._work(ended)
        self._report(ended, options["json"])

    def _show(self, connection: Connection, mode: Disconnection.Mode, as_document: bool) -> None:
        found = disconnecting.counts(connection)
        wipe = mode == Disconnection.Mode.WIPE
        going = found.erased if wipe else found.frozen
        staying = found.staying if wipe else {}
        if as_document:
            self.stdout.write(as_json({"mode": mode, "done": False, "records": going, "staying": staying}))
            return
        self._table(going, {}, staying)
        self.stdout.write(f"\nNothing was changed. To do it, add --yes “{connection.tenant.name}”.")

    def _work(self, ended: Disconnection) -> None:
        """Here, or watching the worker that has it already."""
        bar = ProgressBar()
        while ended.finished_at is None:
            if disconnecting.work(ended.pk, seconds=1.0) is None:
                time.sleep(_POLL)
            ended.refresh_from_db()
            bar.show(ended.mode, ended.total_done, ended.total)
        bar.clear()

    def _report(self, ended: Disconnection, as_document: bool) -> None:
        if as_document:
            document = {
                "mode": ended.mode,
                "done": True,
                "records": ended.done,
                "planned": ended.planned,
                "staying": ended.staying,
            }
            self.stdout.write(as_json(document))
            return
        self._table(ended.planned, ended.done, ended.staying)
        self.stdout.write(f"\nDisconnected. {CONNECTORS[ended.connection.system].switch_off}")

    def _table(self, planned: dict[str, int], done: dict[str, int], staying: dict[str, int]) -> None:
        rows = [(n, planned.get(n, 0), done.get(n, 0), staying.get(n, 0)) for n in {**planned, **staying}]
        self.stdout.write(table(("entity", "records", "done", "stay"), rows))
