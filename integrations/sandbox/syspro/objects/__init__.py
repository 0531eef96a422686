"""The business objects: which there are, by which verb each is called, and what answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.elements import Reply
from integrations.sandbox.syspro.objects import (
    apsqry,
    apsssp,
    apstin,
    comfch,
    comfnd,
    invqry,
    invtma,
    invtme,
    invtmo,
    invtmr,
    ledger_queries,
    porqry,
    portoi,
    portor,
    system,
)
from integrations.sandbox.syspro.schemas import Schema

QUERY, FETCH, POST = "Query/Query", "Query/Fetch", "Transaction/Post"
SETUP = ("Setup/Add", "Setup/Update", "Setup/Delete")


@dataclass(frozen=True, slots=True)
class BusinessObject:
    """`verbs`: the paths under `/Rest` that may call it; `schema`: the elements it knows."""

    verbs: tuple[str, ...]
    schema: Schema
    answer: Callable[[Call], Reply]


OBJECTS: Mapping[str, BusinessObject] = {
    "APSTIN": BusinessObject((POST,), apstin.SCHEMA, apstin.OBJECT.answer),
    "APSSSP": BusinessObject(SETUP, apsssp.SCHEMA, apsssp.OBJECT.answer),
    "APSQRY": BusinessObject((QUERY,), apsqry.SCHEMA, apsqry.answer),
    "PORTOI": BusinessObject((POST,), portoi.SCHEMA, portoi.OBJECT.answer),
    "PORTOR": BusinessObject((POST,), portor.SCHEMA, portor.OBJECT.answer),
    "PORQRY": BusinessObject((QUERY,), porqry.SCHEMA, porqry.answer),
    "INVTMA": BusinessObject((POST,), invtma.SCHEMA, invtma.OBJECT.answer),
    "INVTMR": BusinessObject((POST,), invtmr.SCHEMA, invtmr.OBJECT.answer),
    "INVTMO": BusinessObject((POST,), invtmo.SCHEMA, invtmo.OBJECT.answer),
    "INVTME": BusinessObject((POST,), invtme.SCHEMA, invtme.OBJECT.answer),
    "INVQRY": BusinessObject((QUERY,), invqry.SCHEMA, invqry.answer),
    "GENQRY": BusinessObject((QUERY,), ledger_queries.QUERY_SCHEMA, ledger_queries.show),
    "GENQGL": BusinessObject((QUERY,), ledger_queries.VALIDATE_SCHEMA, ledger_queries.validate),
    "COMFCH": BusinessObject((FETCH,), comfch.SCHEMA, comfch.answer),
    "COMQUS": BusinessObject((QUERY,), system.SCHEMA, system.logged_on),
    "COMFND": BusinessObject((QUERY,), comfnd.SCHEMA, comfnd.answer),
}
