"""The connection test: whom we are connected to, and for each object whether it can be read and written as mapped."""

from collections.abc import Callable, Iterable
from typing import Protocol

from integrations.connectors.base import Check, ScopeCheck, Token
from integrations.connectors.entity import Entity
from integrations.connectors.errors import RemoteError
from integrations.connectors.salesforce import describing
from integrations.connectors.salesforce.entities import ENTITIES

_UNREADABLE = frozenset({"not_found", "invalid_type", "forbidden"})


class Asker(Protocol):
    """What the test needs of the client."""

    def facts(self, name: str, *, anew: bool = False) -> describing.Facts: ...

    def query(self, soql: str) -> "tuple[list[dict[str, object]], int, bool]": ...


def check(asker: Asker, token: Token, key_of: Callable[[Entity], str], own: Iterable[Entity] = ()) -> Check:
    """One answer per object, and one more where its rows would be written."""
    found: list[ScopeCheck] = []
    for entity in ENTITIES.values():
        found += _of_object(asker, entity, key_of(entity), (entity.name,))
    for entity in own:  # several share the name of their entity: none is switched off for want of another
        found += _of_object(asker, entity, key_of(entity), ())
    return Check(_account(asker, token), tuple(found), account_id=token.account_id)


def _account(asker: Asker, token: Token) -> str:
    """`Acme (sandbox)`: the org's own name. A user who may not read it is told the id."""
    try:
        rows, _, _ = asker.query("SELECT Id, Name, IsSandbox FROM Organization")
    except RemoteError as error:
        if error.reason not in {*_UNREADABLE, "invalid_field"}:
            raise
        rows = []
    if not rows:
        return f"Salesforce org {token.account_id}"
    return f"{rows[0]['Name']}{' (sandbox)' if rows[0].get('IsSandbox') else ''}"


def _of_object(asker: Asker, entity: Entity, key: str, entities: tuple[str, ...]) -> list[ScopeCheck]:
    name = entity.feed or ""
    try:
        facts = asker.facts(name, anew=True)
    except RemoteError as error:
        if error.reason not in _UNREADABLE:
            raise
        how = (
            f"The integration user cannot see {name}. The Salesforce admin gives it Read (and View All) on {name} in a "
            "permission set; then test again."
        )
        return [ScopeCheck(entity.scope, granted=False, entities=entities, how=how)]
    found = [ScopeCheck(entity.scope, granted=True, entities=entities, how="")]
    if key:
        problem = describing.problems_with_key(facts, key)
        found.append(
            ScopeCheck(f"{name}.{key}", granted=not problem, entities=(), how=problem)
        )  # reads go on without
    return found
