"""`manage.py sync SLUG`: a sync in the foreground, with a progress bar and counts that must add up."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import runs, syncing
from integrations.management.printing import ProgressBar, as_json, table
from integrations.management.tenants import connection_of, tenant_by_slug
from integrations.models import Run, SyncRule
from integrations.work import work

_COUNTS = ("pages", "calls", "read", "created", "updated", "unchanged", "waiting", "failed")
_GOOD = {Run.State.COMPLETED, Run.State.WITH_ERRORS}
_POLL = 0.5


class Command(BaseCommand):
    help = "Sync a merchant now. Exits 1 if any run fails, 2 if records failed in runs that came through."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the merchant's short name")
        parser.add_argument("--connection", default="servicetitan", help="the system to sync with")
        parser.add_argument("--entity", nargs="+", action="extend", default=[], help="only these entities")
        parser.add_argument(
            "--full", action="store_true", help="read everything again, not only what changed"
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connection_of(tenant_by_slug(options["slug"]), options["connection"])
        try:
            syncing.check_ready(connection)
            rules = syncing.chosen_rules(connection, options["entity"])
        except syncing.NothingToSync as error:
            raise CommandError(str(error)) from None
        syncing.note_start(connection, rules, full=options["full"], user=None)
        bar = ProgressBar()
        finished = [self._sync(rule, options["full"], bar) for rule in rules]
        bar.clear()
        self._report(finished, as_document=options["json"])

    def _sync(self, rule: SyncRule, full: bool, bar: ProgressBar) -> Run:
        """Work on the rule here, or watch the worker that already does."""
        run = runs.ask(rule, Run.Trigger.COMMAND, full=full)
        while True:
            ended = work(rule.pk, progress=lambda run: bar.show(rule.label, run.done, run.expected))
            if ended is None or not ended.done:
                time.sleep(_POLL)
            run.refresh_from_db()
            bar.show(rule.label, run.done, run.expected)
            if run.is_open:
                continue
            if run.full or not full or run.state not in _GOOD:
                return run
            run = runs.ask(
                rule, Run.Trigger.COMMAND, full=True
            )  # this one had begun before everything was wanted

    def _report(self, finished: list[Run], *, as_document: bool) -> None:
        bad = [run for run in finished if run.state not in _GOOD]
        if as_document:
            self.stdout.write(as_json({"ok": not bad, "entities": [_document(run) for run in finished]}))
        else:
            rows = [(*_row(run), run.seconds) for run in finished]
            totals = [sum(getattr(run, name) for run in finished) for name in _COUNTS]
            rows.append(("total", "", *totals, sum(run.seconds for run in finished)))
            self.stdout.write(table(("entity", "state", *_COUNTS, "seconds"), rows))
        for run in bad:
            self.stderr.write(self.style.ERROR(f"{run.rule.label}: {run.error}"))
        failed = sum(run.failed for run in finished)
        if failed:
            self.stderr.write(
                self.style.WARNING(
                    f"{failed} record(s) failed: see each one's reason on the run's page, then retry."
                )
            )
        if bad:
            raise SystemExit(1)
        if failed:
            raise SystemExit(2)


def _row(run: Run) -> tuple[Any, ...]:
    return (run.rule.entity, run.get_state_display(), *(getattr(run, name) for name in _COUNTS))


def _document(run: Run) -> dict[str, Any]:
    counts = {name: getattr(run, name) for name in (*_COUNTS, "out_of_scope", "joined", "rate_limited")}
    return {
        "entity": run.rule.entity,
        "run": run.pk,
        "state": run.state,
        **counts,
        "seconds": round(run.seconds, 3),
        "error": run.error,
        "who": run.error_who,
    }
