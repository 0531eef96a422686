"""`manage.py export SLUG ENTITY --format csv|xlsx|json --output FILE`: a tenant's records as a file.

Narrowed by `--from`, `--to`, `--business-unit` and `--active`; with `--totals`, amounts are added up.
"""

import os
import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import IO, Any, cast

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from portal import audit
from portal.models import Tenant
from reconciliation.exports import FORMATS, CannotNarrow, Narrowing, entity_names, export, prepared


class Command(BaseCommand):
    """Streams: memory does not grow with the number of records. The file appears only once it is whole."""

    help = "Write a tenant's records of one entity into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("entity", help=f"one of: {', '.join(entity_names())}")
        parser.add_argument("--format", choices=[*FORMATS], help="default: what FILE ends in, else csv")
        parser.add_argument("--output", required=True, metavar="FILE", help="where to; - is standard output")
        parser.add_argument(
            "--from", type=_day, metavar="DATE", help="first day, as 2026-03-01, in the tenant's zone"
        )
        parser.add_argument("--to", type=_day, metavar="DATE", help="last day, itself included")
        parser.add_argument(
            "--business-unit", default="", metavar="NAME", help="its name, or its id at the source"
        )
        parser.add_argument(
            "--active", choices=["yes", "no"], help="only those that are, or are no longer, active"
        )
        parser.add_argument(
            "--totals", action="store_true", help="add a last row with the sums of the amounts"
        )
        parser.add_argument("--json", action="store_true", help="say what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, entity, output = _tenant(options["slug"]), options["entity"], options["output"]
        form = options["format"] or _format_of(output)
        wanted = _wanted(options)
        how = {"wanted": wanted, "totals": options["totals"]}
        try:
            prepared(tenant, entity, form, **how)
        except (LookupError, CannotNarrow) as error:
            raise CommandError(str(error)) from None
        note = f"{entity} as {FORMATS[form].label}, {wanted.words()}, by command"
        audit.record("records.exported", tenant, note=note)
        try:
            rows = _write(tenant, entity, form, output, how)
        except (OSError, DatabaseError) as error:
            raise CommandError(f"Nothing was written to {output}: {error}") from error
        self._report(options, {"tenant": tenant.slug, "entity": entity, "format": form, "rows": rows})

    def _report(self, options: dict[str, Any], done: dict[str, Any]) -> None:
        output = options["output"]
        out = self.stderr if output == "-" else self.stdout
        if options["json"]:
            out.write(orjson.dumps({**done, "output": output}).decode())
        else:
            where = "standard output" if output == "-" else output
            rows = "1 row" if done["rows"] == 1 else f"{done['rows']:,} rows"
            out.write(f"{rows} of {done['entity']} written to {where}")


def _tenant(slug: str) -> Tenant:
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        known = list(Tenant.objects.values_list("slug", flat=True)[:20])
        there_are = f"Those there are: {', '.join(known)}." if known else "There is none yet: see `onboard`."
        raise CommandError(f"There is no tenant “{slug}”. {there_are}") from None


def _format_of(output: str) -> str:
    ending = Path(output).suffix.removeprefix(".").lower()
    return ending if ending in FORMATS else "csv"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a day. Write it as 2026-03-31.") from None


def _wanted(options: dict[str, Any]) -> Narrowing:
    active = {"yes": True, "no": False}.get(options["active"] or "")
    return Narrowing(options["from"], options["to"], options["business_unit"].strip(), active)


def _write(tenant: Tenant, entity: str, form: str, output: str, how: dict[str, Any]) -> int:
    if output == "-":
        return export(tenant, entity, form, sys.stdout.buffer, **how)
    return _to_file(tenant, entity, form, output, how)


def _to_file(tenant: Tenant, entity: str, form: str, output: str, how: dict[str, Any]) -> int:
    """Into a file beside the target first: whoever waits for the target never reads half of one."""
    target = Path(output)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            rows = export(tenant, entity, form, cast("IO[bytes]", stream), **how)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o640)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return rows
