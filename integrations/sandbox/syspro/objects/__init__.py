"""The business objects: which there are, by which verb each is called, and what answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.elements import Reply
from integrations.sandbox.syspro.objects import apstin, comfnd
from integrations.sandbox.syspro.schemas import Schema

QUERY, FETCH, POST = "Query/Query", "Query/Fetch", "Transaction/Post"


@dataclass(frozen=True, slots=True)
class BusinessObject:
    """`verbs`: the paths under `/Rest` that may call it; `schema`: the elements it knows."""

    verbs: tuple[str, ...]
    schema: Schema
    answer: Callable[[Call], Reply]


OBJECTS: Mapping[str, BusinessObject] = {
    "APSTIN": BusinessObject((POST,), apstin.SCHEMA, apstin.OBJECT.answer),
    "COMFND": BusinessObject((QUERY,), comfnd.SCHEMA, comfnd.answer),
}
