"""COMFCH: one row of any table by its key, with all columns."""

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.elements import Reply, built, text_of
from integrations.sandbox.syspro.errors import EnetError
from integrations.sandbox.syspro.objects.comfnd import shown, table_of
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

OPTIONAL = [f"OptionalKey{number}" for number in range(1, 13)]
SCHEMA = Schema(f"TableName Key {' '.join(OPTIONAL)} FullKeyProvided DefaultType EspressoFetch")


def answer(call: Call) -> Reply:
    """Raises EnetError for a table or a row that there is not."""
    fetch = root_of(call.document, "Fetch", "XmlIn")
    table = table_of(call, text_of(fetch, "TableName"))
    parts = [text_of(fetch, name) for name in ["Key", *OPTIONAL]][: len(table.keys)]
    row = call.company.store[table.name].get(*parts)
    if row is None:
        raise EnetError(f"Key '{' '.join(parts)}' not found on '{table.name}'")
    return Reply(table.name, built(**{name: shown(table.columns[name], row[name]) for name in row}))
