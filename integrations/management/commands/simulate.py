"""`manage.py simulate --tenants N --days D`: would so many tenants be kept in step, and by how many workers?"""

import time
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrations.management.printing import ProgressBar, as_json, table
from integrations.simulation import figures
from integrations.simulation.course import Course, Measured
from integrations.simulation.fleet import Costs, rules_of, workers_for

_COSTS = Costs()


class Command(BaseCommand):
    help = (
        "Run the scheduler's own decisions over simulated days of many tenants, and print how late their pulls begin and "
        "how busy the workers are. Makes no call and reads no database. Exits with 1 where the workers do not keep up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenants", type=int, default=1_000, help="tenants in step (default 1,000)")
        parser.add_argument("--days", type=float, default=1.0, help="simulated days (default 1)")
        parser.add_argument(
            "--workers", type=int, default=0, help="worker processes (default: as many as are 75 %% busy)"
        )
        parser.add_argument(
            "--joining", type=int, default=None, help="tenants that are connected meanwhile (default: 0.2 %%)"
        )
        parser.add_argument(
            "--call", type=float, default=_COSTS.call, help=f"seconds a call takes (default {_COSTS.call})"
        )
        parser.add_argument("--seed", type=int, default=1, help="which tenants (default 1)")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        costs = Costs(call=options["call"])
        joining = options["joining"] if options["joining"] is not None else options["tenants"] // 500
        until = options["days"] * 86_400
        random = Random(options["seed"])  # noqa: S311  # a seed must repeat
        rules = list(rules_of(options["tenants"], joining, until, random))
        workers = options["workers"] or workers_for(rules, costs)
        bar, hours, began = ProgressBar(), round(until / 3600), time.monotonic()
        course = Course(rules, workers, costs)
        measured = course.run(options["days"], lambda hour: bar.show("simulated hours", hour, hours))
        bar.clear()
        report = {
            "tenants": options["tenants"], "joining": joining, "rules": len(rules), "workers": workers,
            "days": options["days"], "kept_up": measured.kept_up, "pulls": measured.pulls,
            "first_syncs_done": len(measured.joined), "lateness_seconds": figures.lateness(measured),
            "use": figures.use(measured, workers), "took_seconds": round(time.monotonic() - began, 1),
        }  # fmt: skip
        self.stdout.write(as_json(report) if options["json"] else _words(report, measured))
        if not measured.kept_up:
            raise SystemExit(1)


def _words(report: dict[str, Any], measured: Measured) -> str:
    use, late = report["use"], report["lateness_seconds"]
    names = list(late["all"])
    rows = [[size, *(late[size][name] for name in names)] for size in late]
    lines = [
        f"{report['tenants']:,} tenants in step, {report['joining']:,} joining; {report['rules']:,} sync rules,"
        f" {report['workers']:,} workers, {report['days']:g} days",
        f"{report['pulls']:,} pulls, {use['calls']:,} calls ({use['calls_a_second']:,.0f} a second),"
        f" {use['records']:,} records; {report['first_syncs_done']} of {report['joining']} first syncs done",
        f"Workers: {use['mean']:.0%} busy; at most {use['most_waiting']:,} rules waited at once",
        "",
        "Seconds from due to begun:",
        table(["tenants", *names], rows),
    ]
    if not measured.kept_up:
        lines += [
            "",
            f"The workers do not keep up: stopped after {measured.until / 3600:.1f} hours. Give more.",
        ]
    return "\n".join(lines)
