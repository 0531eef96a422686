"""Everything that can be exported, by name: entities, their children, and what finance asks about the records."""

from reconciliation.entities import ENTITIES
from reconciliation.exports import settled
from reconciliation.exports.plans import CHILDREN, Plan, plan_of_children, plan_of_entity


class UnknownEntity(LookupError):
    """There is no such entity; the text names those there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no entity “{name}”. Those there are: {', '.join(entity_names())}.")


def entity_names() -> list[str]:
    """Everything that can be exported."""
    return [*ENTITIES, *CHILDREN, *settled.PLANS]


def plan_for(name: str) -> Plan:
    """The export of this name; UnknownEntity otherwise."""
    if name in CHILDREN:
        return plan_of_children(name, ENTITIES[CHILDREN[name]])
    if name in settled.PLANS:
        return settled.PLANS[name]
    if name not in ENTITIES:
        raise UnknownEntity(name)
    return plan_of_entity(ENTITIES[name])
