"""The connection test: logged on and as whom, then each table and whether it can be read."""

from typing import Any, Protocol
from xml.etree.ElementTree import Element

from integrations.connectors.base import Check, ScopeCheck
from integrations.connectors.entity import Entity
from integrations.connectors.errors import RemoteError
from integrations.connectors.syspro import errors
from integrations.connectors.syspro.entities import ENTITIES
from integrations.connectors.syspro.session import Session
from integrations.connectors.syspro.wire import Unreadable, below, failure_in, parsed

_ABOUT_A_TABLE = frozenset({"forbidden", "invalid_type", "invalid_field"})


class Asker(Protocol):
    """What the test needs of the client."""

    session: Session
    settings: Any
    odata: Any

    def first_row(self, entity: Entity) -> None: ...


def check(asker: Asker) -> Check:
    """Raises RemoteError where nobody can log on, or nothing can be read."""
    account = _account(asker)
    found = [_of_table(asker, entity) for entity in ENTITIES.values()]
    return Check(account, tuple(found), account_id=asker.settings.log_on.company)


def _account(asker: Asker) -> str:
    """`Company EDU1 (Outdoors Company), operator TRUNK`, as SYSPRO itself says it."""
    session, log_on = asker.session, asker.settings.log_on
    text = session.ask(session.call("GetLogonProfile", {}, repeatable=True))
    if (problem := failure_in(text)) is not None:
        raise errors.of_text(problem, "GetLogonProfile")
    try:
        profile = parsed(text)
    except Unreadable as error:
        raise errors.unreadable("GetLogonProfile", str(error), posting=False) from None
    name = _said(profile, "companyname")
    company = _said(profile, "companyid", "company") or log_on.company
    operator = _said(profile, "operatorcode", "operator") or log_on.operator
    return f"Company {company}{f' ({name})' if name else ''}, operator {operator}"


def _said(profile: Element, *names: str) -> str:
    return next((text for found in below(profile, *names) if (text := (found.text or "").strip())), "")


def _of_table(asker: Asker, entity: Entity) -> ScopeCheck:
    try:
        asker.first_row(entity)
    except RemoteError as error:
        if error.reason not in _ABOUT_A_TABLE:
            raise
        return ScopeCheck(entity.scope, granted=False, entities=(entity.name,), how=error.message)
    return ScopeCheck(entity.scope, granted=True, entities=(entity.name,), how="")
