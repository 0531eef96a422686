"""One check for all request bodies: a declaration of fields and a body -> the known members.

Members that no declaration names are dropped without a word, as the real API does; wrong types, missing
members and unknown enumeration values are a 400 that names each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.sandbox import times
from integrations.sandbox.servicetitan.replies import Refused

Schema = Mapping[str, "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """Kinds: text, flag, whole, amount, time, wholes (a list of integers), one (an object), many (objects)."""

    kind: str
    required: bool = False
    null: bool = True
    schema: Schema | None = None
    choices: tuple[str, ...] = ()

    @property
    def needed(self) -> "Field":
        return Field(self.kind, True, False, self.schema, self.choices)

    @property
    def never_null(self) -> "Field":
        return Field(self.kind, self.required, False, self.schema, self.choices)


def choice(*values: str) -> Field:
    return Field("text", choices=values)


def one(schema: Schema) -> Field:
    return Field("one", schema=schema)


def many(schema: Schema) -> Field:
    return Field("many", schema=schema)


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "flag": bool,
    "whole": int,
    "amount": (int, float),
    "time": str,
    "wholes": list,
    "one": dict,
    "many": list,
}


def check(schema: Schema, body: Any) -> dict[str, Any]:
    """The known members of a body. Raises Refused 400 with every error."""
    errors: dict[str, list[str]] = {}
    known = _object(schema, body, "", errors)
    if errors:
        raise Refused(400, "One or more validation errors occurred.", errors)
    return known


def check_each(schema: Schema, body: Any) -> list[dict[str, Any]]:
    """As `check`, for a body that is a list of such objects."""
    if not isinstance(body, list):
        raise Refused(400, "One or more validation errors occurred.", {"": ["A list is expected."]})
    return [check(schema, entry) for entry in body]


def _object(schema: Schema, body: Any, path: str, errors: dict[str, list[str]]) -> dict[str, Any]:
    if not isinstance(body, dict):
        errors[path] = ["An object is expected."]
        return {}
    for name, field in schema.items():
        if field.required and body.get(name) is None:
            errors[_join(path, name)] = [f"The {_pascal(name)} field is required."]
    return {
        name: _value(schema[name], value, _join(path, name), errors)
        for name, value in body.items()
        if name in schema
    }


def _value(field: Field, value: Any, path: str, errors: dict[str, list[str]]) -> Any:
    if value is None:
        if not field.null:
            errors.setdefault(path, ["A value is required."])
        return None
    if not _fits(field, value):
        errors[path] = [f"The value '{str(value)[:80]}' is not valid."]
        return None
    if field.schema is not None and field.kind == "one":
        return _object(field.schema, value, path, errors)
    if field.schema is not None and field.kind == "many":
        return [_object(field.schema, entry, f"{path}[{place}]", errors) for place, entry in enumerate(value)]
    return times.to_text(times.from_text(value)) if field.kind == "time" else value


def _fits(field: Field, value: Any) -> bool:
    if not _has_type(field.kind, value):
        return False
    if field.choices:
        return value in field.choices
    if field.kind == "wholes":
        return _are_whole(value)
    return field.kind != "time" or _is_time(value)


def _has_type(kind: str, value: Any) -> bool:
    """JSON's true is no number, although Python's is."""
    if isinstance(value, bool) and kind != "flag":
        return False
    return isinstance(value, TYPES[kind])


def _are_whole(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _is_time(text: str) -> bool:
    try:
        times.from_text(text)
    except ValueError:
        return False
    return True


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _join(path: str, name: str) -> str:
    return f"{path}.{_pascal(name)}" if path else _pascal(name)
