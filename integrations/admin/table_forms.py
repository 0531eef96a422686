"""What a page of a mapping table was sent: targets by key, each checked, and what is wrong with which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django import forms
from django.http import HttpRequest

from integrations.models import TableRow
from integrations.tables.base import DEFAULT, Key, MappingTable
from integrations.tables.storing import BadTarget, Checker, Row
from portal.models import Tenant

MARK = "target:"
"""How the names of the page's inputs begin; the key follows."""


@dataclass(slots=True)
class Sent:
    """Rows that fit, and words for those that do not, by key, with what was typed in."""

    rows: list[Row] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


def sent_by(request: HttpRequest, tenant: Tenant, table: MappingTable, known: Mapping[str, Key]) -> Sent:
    """The inputs that hold something other than they did. An input left empty is left alone."""
    held = dict(TableRow.objects.filter(tenant=tenant, table=table.name).values_list("key", "target"))
    checker, found = Checker(tenant, table), Sent()
    for name, value in request.POST.items():
        if not name.startswith(MARK):
            continue
        key, text = name.removeprefix(MARK), str(value).strip()
        if not text or held.get(key) == text or (key not in known and not (key == DEFAULT and table.default)):
            continue
        found.typed[key] = text
        try:
            found.rows.append(Row(known.get(key, Key(DEFAULT, "")), checker.clean(text)))
        except BadTarget as error:
            found.wrong[key] = str(error)
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: a key with its input, what waits for it, and the row there is."""

    key: Key
    name: str
    value: str
    wrong: str = ""
    waiting: int = 0
    row: TableRow | None = None


def line_of(key: Key, sent: Sent, *, row: TableRow | None = None, waiting: int = 0) -> Line:
    value = sent.typed.get(key.key, row.target if row else "")
    return Line(key, f"{MARK}{key.key}", value, sent.wrong.get(key.key, ""), waiting, row)


def matching(keys: Iterable[Line], text: str) -> list[Line]:
    """The lines whose name, key or target has the text."""
    wanted = text.strip().casefold()
    return [
        line for line in keys
        if wanted in line.key.label.casefold() or wanted in line.key.key.casefold() or wanted in line.value.casefold()
    ]  # fmt: skip


class UploadForm(forms.Form):
    """A file to be looked at before any of it is stored."""

    file = forms.FileField(
        label="CSV file",
        help_text="Columns: key or name, and target. Lines without a target are passed over. Export the table to begin.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["file"].widget.attrs["accept"] = ".csv,text/csv"
