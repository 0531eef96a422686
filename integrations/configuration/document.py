"""What a configuration says, as a document: names and choices only. No secrets, no addresses, no ids of the database.

Pure. A document that comes from outside is checked against these types before anything looks into it.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

FORMAT = "trunkline-configuration"
LARGEST = 2_000_000
MOST_PROBLEMS = 20

Name = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=4000)]


class NotAConfiguration(ValueError):
    """A document that cannot be taken; each of `messages` says where and why."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(" ".join(messages))
        self.messages = messages


class Part(BaseModel):
    """What is not named here is refused: a misspelt member must not be passed over."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TenantPart(Part):
    timezone: Name
    phone_region: Name
    currency: Name


class RulePart(Part):
    """A sync rule. Off for want of a scope counts as on: that is the environment's matter."""

    entity: Name
    object: Name = ""
    enabled: bool
    direction: Name
    creates: Name
    system_of_record: Name
    policy: Name
    interval: int
    page_size: int
    recent: bool
    becomes: Name
    mapping: list[dict[str, Text]]


class ConnectionPart(Part):
    scope: dict[str, Any]
    rules: dict[str, RulePart]


class FlowPart(Part):
    enabled: bool
    settings: dict[str, Any]


class RowPart(Part):
    """A mapping table's row. `key` is the system's own id where the label does not tell."""

    key: Name
    target: Name


class ChannelPart(Part):
    """Without address and secret: those are entered where it is imported."""

    kind: Name
    recipients: Annotated[str, StringConstraints(max_length=500)]
    enabled: bool


class AlertRulePart(Part):
    kind: Name
    limit: int
    window: int
    hour: int
    tells_recovery: bool
    enabled: bool
    channels: list[Name]


class AlertsPart(Part):
    channels: dict[str, ChannelPart]
    rules: dict[str, AlertRulePart]


class MatchingPart(Part):
    merges_by_itself: bool
    merge_from: float
    review_from: float


class MergingPart(Part):
    rules: dict[str, Name]
    loser: Name


class DuplicatesPart(Part):
    matching: MatchingPart
    merging: MergingPart


class FieldPart(Part):
    """A field as its system described it: the members of `RemoteField`."""

    path: Text
    label: Text
    type: Name
    length: int | None
    required: bool
    writable: bool
    choices: list[Annotated[list[Text], Field(min_length=2, max_length=2)]]
    closed: bool
    refers_to: list[Name]
    custom: bool
    key: bool


class Document(Part):
    """`tenant` and `described` are told, not compared. `described` are the fields that systems said they have: without
    them a mapping of custom fields could not be checked where that system was not asked yet."""

    format: Literal["trunkline-configuration"]
    version: Literal[1]
    tenant: Name
    settings: TenantPart
    connections: dict[str, ConnectionPart]
    flows: dict[str, FlowPart]
    tables: dict[str, dict[str, RowPart]]
    duplicates: DuplicatesPart
    alerts: AlertsPart
    described: dict[str, dict[str, list[FieldPart]]] = {}


def read(found: Any) -> Document:
    """Raises NotAConfiguration."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NotAConfiguration(["This is not a configuration that Trunkline exported."])
    if found.get("version") != 1:
        raise NotAConfiguration(
            ["This configuration is of another version of Trunkline: export it anew there."]
        )
    try:
        return Document.model_validate(found)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)[:MOST_PROBLEMS]
        raise NotAConfiguration(
            [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}." for problem in problems]
        ) from None
