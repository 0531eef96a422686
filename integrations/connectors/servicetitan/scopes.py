"""Scopes: which ones the entities need, which are granted, and how a person grants the rest."""

from collections.abc import Callable, Iterable, Sequence

from integrations.connectors.base import Entity, ScopeCheck
from integrations.connectors.errors import RemoteError
from integrations.connectors.transport import Call

WHERE = "ServiceTitan > Settings > Integrations > API Application Access"


def how_to_grant(scope: str) -> str:
    """What a person does so that `scope` is granted."""
    return (
        f"Add the scope {scope} to the app in the ServiceTitan developer portal; the merchant's admin then "
        f"opens {WHERE}, chooses the app and presses Upgrade to New Version. Credentials stay the same."
    )


def one_per_scope(entities: Iterable[Entity]) -> list[Entity]:
    """The first entity of each scope, in order."""
    found: dict[str, Entity] = {}
    for entity in entities:
        found.setdefault(entity.scope, entity)
    return list(found.values())


def small_read(entity: Entity, url: Callable[[str], str]) -> Call:
    """The cheapest call that shows whether an entity may be read."""
    if entity.path is None:
        return Call("GET", url(entity.feed or ""), params=dict(entity.feed_params), repeatable=True)
    params = {**entity.params, "page": "1", "pageSize": "1"}
    return Call("GET", url(entity.path), params=params, repeatable=True)


def check(
    entities: Iterable[Entity], granted: Sequence[str], probe: Callable[[Entity], RemoteError | None]
) -> tuple[ScopeCheck, ...]:
    """One answer per scope. A scope that the token names is still tried: an app may be shut out all the same.

    A scope that the token does not name is missing without a call, unless the token names none at all.
    """
    known = list(entities)
    found = []
    for first in one_per_scope(known):
        named = first.scope in granted or not granted
        allowed = named and probe(first) is None
        names = tuple(entity.name for entity in known if entity.scope == first.scope)
        found.append(ScopeCheck(first.scope, allowed, names, "" if allowed else how_to_grant(first.scope)))
    return tuple(found)
