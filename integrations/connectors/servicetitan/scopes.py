"""Scopes: which ones the entities need, which are granted, and how a person grants the rest."""

from collections.abc import Callable, Iterable, Sequence

from integrations.connectors.base import ScopeCheck
from integrations.connectors.entity import Entity
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
    """One answer per scope, from as few calls as tell it: an app may be shut out whatever its token says.

    A scope that the token does not name is missing without a call. Of those that it names, one per module is
    tried; only where that is refused, or where the token names none at all, are all of them tried.
    """
    known = list(entities)
    firsts = one_per_scope(known)
    named = [entity for entity in firsts if entity.scope in granted or not granted]
    allowed: set[str] = set()
    for first, *others in _by_module(named):
        answers = probe(first) is None
        if answers:
            allowed.add(first.scope)
        trusted = answers and bool(granted)
        allowed.update(other.scope for other in others if trusted or probe(other) is None)
    return tuple(_answer(first.scope, first.scope in allowed, known) for first in firsts)


def _by_module(entities: Iterable[Entity]) -> list[list[Entity]]:
    """Grouped by the middle word of their scopes: tn.<module>.<resource>:r."""
    found: dict[str, list[Entity]] = {}
    for entity in entities:
        found.setdefault(entity.scope.split(".")[1], []).append(entity)
    return list(found.values())


def _answer(scope: str, granted: bool, entities: Iterable[Entity]) -> ScopeCheck:
    names = tuple(entity.name for entity in entities if entity.scope == scope)
    return ScopeCheck(scope, granted, names, "" if granted else how_to_grant(scope))
