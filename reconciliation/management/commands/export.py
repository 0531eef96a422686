"""`manage.py export SLUG ENTITY --format csv|xlsx|json --output FILE`: a tenant's records as a file."""

import os
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from portal import audit
from portal.models import Tenant
from reconciliation.exports import FORMATS, entity_names, export, plan_for


class Command(BaseCommand):
    """Streams: memory does not grow with the number of records. The file appears only once it is whole."""

    help = "Write a tenant's records of one entity into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's short name")
        parser.add_argument("entity", help=f"one of: {', '.join(entity_names())}")
        parser.add_argument("--format", choices=[*FORMATS], help="default: what FILE ends in, else csv")
        parser.add_argument("--output", required=True, metavar="FILE", help="where to; - is standard output")
        parser.add_argument("--json", action="store_true", help="say what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, entity, output = _tenant(options["slug"]), options["entity"], options["output"]
        form = options["format"] or _format_of(output)
        try:
            plan_for(entity)
        except LookupError as error:
            raise CommandError(str(error)) from None
        audit.record("records.exported", tenant, note=f"{entity} as {FORMATS[form].label}, all, by command")
        try:
            rows = (
                _to_stdout(tenant, entity, form) if output == "-" else _to_file(tenant, entity, form, output)
            )
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


def _to_stdout(tenant: Tenant, entity: str, form: str) -> int:
    return export(tenant, entity, form, sys.stdout.buffer)


def _to_file(tenant: Tenant, entity: str, form: str, output: str) -> int:
    """Into a file beside the target first: whoever waits for the target never reads half of one."""
    target = Path(output)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            rows = export(tenant, entity, form, cast("IO[bytes]", stream))
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o640)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return rows
