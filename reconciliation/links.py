"""Which entity a record is, and where its counterparts can be opened.

This floor knows systems by name alone. The floor above says how to open a record there:

    register_deep_link("servicetitan", lambda entity, external_id: f"https://…/{external_id}")
"""

from collections.abc import Callable

from reconciliation.entities import ENTITIES
from reconciliation.models import Contact, Record, ReferenceItem

DeepLink = Callable[[str, str], str | None]
"""(entity, external id) -> an https address, or None where the system has no page for such a record."""

_deep_links: dict[str, DeepLink] = {}
_BY_MODEL = {entity.model: entity.name for entity in ENTITIES.values()}


def register_deep_link(system: str, build: DeepLink) -> None:
    """Say how records of a system are opened in it. A later registration replaces the earlier one."""
    _deep_links[system] = build


def deep_link(system: str, entity: str, external_id: str) -> str:
    """The address of a record in its system, or "". Anything but https is refused: it becomes a link's target."""
    build = _deep_links.get(system)
    address = build(entity, external_id) if build else None
    return address if address and address.startswith("https://") else ""


def entity_of(record: Record) -> str:
    """The name of a record's entity: its links, changes and conflicts are kept under it."""
    if isinstance(record, ReferenceItem):
        return record.kind
    if isinstance(record, Contact):
        return "customer_contact" if record.customer_id else "location_contact"
    return _BY_MODEL[type(record)]
