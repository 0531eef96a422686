"""Types that requests and answers of all resources share."""

from typing import Annotated

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field, StringConstraints


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("A text holds no NUL character.")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_storable)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(_storable)]
Id = Annotated[int, Field(strict=True, gt=0, lt=2**63)]


def _named(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    if isinstance(value, str) and 0 < len(value.strip()) <= 200:
        return _storable(value.strip())
    raise ValueError("Give an id as a number, or a name as a text.")


Named = Annotated[
    int | str,
    BeforeValidator(_named),
    Field(description="The portal's id as a number, or its name or its id at its source as a text."),
]
Moment = AwareDatetime


class Given(Schema):
    """A part of a request: members that nobody knows are named in a problem, not passed over."""

    model_config = ConfigDict(extra="forbid")


class Item(Schema):
    """Something that is referred to."""

    id: int
    name: str


class FieldError(Schema):
    field: str
    message: str


class Problem(Schema):
    """RFC 9457: sent as application/problem+json. `type` tells programs what it is, `errors` name fields."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] = []
