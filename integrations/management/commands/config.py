"""`manage.py config export|compare|import SLUG`: a tenant's configuration as a file, from staging to production."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from integrations.configuration import exporting, importing
from integrations.configuration.comparing import Difference, compare
from integrations.configuration.document import Document, NotAConfiguration, read
from integrations.management.printing import as_json, table
from integrations.management.tenants import tenant_by_slug
from portal import audit
from portal.models import Tenant


class Command(BaseCommand):
    help = "Export, compare and import a tenant's configuration, without secrets. Without --yes an import only shows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["export", "compare", "import"])
        parser.add_argument("slug", help="the merchant's short name")
        parser.add_argument(
            "file", nargs="?", help="the document; an export without one goes to standard output"
        )
        parser.add_argument("--yes", action="store_true", help="import: write it down")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_by_slug(options["slug"])
        if options["act"] == "export":
            self._export(tenant, options["file"])
            return
        try:
            document = _read(options["file"])
            if options["act"] == "compare":
                self._compare(tenant, document, options["json"])
            else:
                self._import(tenant, document, options["yes"], options["json"])
        except NotAConfiguration as error:
            raise CommandError("Nothing was stored.\n" + "\n".join(error.messages)) from None

    def _export(self, tenant: Tenant, file: str | None) -> None:
        text = orjson.dumps(exporting.export(tenant).model_dump(), option=orjson.OPT_INDENT_2).decode()
        audit.record("configuration.exported", tenant, tenant=tenant)
        if file:
            Path(file).write_text(f"{text}\n")
        else:
            self.stdout.write(text)

    def _compare(self, tenant: Tenant, document: Document, as_document: bool) -> None:
        """Ends with an error where they differ, so that a script can ask."""
        found = compare(exporting.export(tenant), document)
        self._show("differs", found, as_document)
        if found:
            raise CommandError(f"{len(found)} differences.")

    def _import(self, tenant: Tenant, document: Document, is_sure: bool, as_document: bool) -> None:
        act = importing.apply if is_sure else importing.preview
        done = act(tenant, document)
        self._show("changes", done.changes, as_document)
        for words in done.todo:
            self.stdout.write(f"To do: {words}")
        if not is_sure:
            self.stdout.write("Nothing was written: --yes does.")

    def _show(self, what: str, found: list[Difference], as_document: bool) -> None:
        if as_document:
            self.stdout.write(as_json({what: [[one.path, one.here, one.there] for one in found]}))
        elif found:
            rows = [(one.path, one.here or "", one.there or "") for one in found]
            heads = ("here", "in the file") if what == "differs" else ("before", "after")
            self.stdout.write(table(("", *heads), rows))
        else:
            self.stdout.write("Equal.")


def _read(file: str | None) -> Document:
    if not file:
        raise CommandError("Name the file.")
    try:
        return read(orjson.loads(Path(file).read_bytes()))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except orjson.JSONDecodeError:
        raise CommandError(f"{file} holds no JSON.") from None
