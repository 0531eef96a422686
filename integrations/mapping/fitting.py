"""Whether a line fits the fields it joins, as their system describes them: types, lengths, values. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from integrations.connectors.base import RemoteField
from integrations.connectors.entity import FieldMap
from integrations.mapping.adjusted import TRANSFORMS, value_pairs
from integrations.mapping.groups import paths_read
from integrations.mapping.paths import parse

_NUMBERS = frozenset({"integer", "decimal", "number"})
_WORDS = frozenset({"text", "choice", "email", "phone", "reference"})
_DAYS = frozenset({"date", "timestamp", "text"})
_LISTS = frozenset({"json", "choices"})
_DATES = frozenset({"date", "date_read", "date_in_zone"})

TAKES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("decimal", "cents", "scaled", "number", "integer"), _NUMBERS | _WORDS),
    **dict.fromkeys(("boolean", "customer_kind"), frozenset({"boolean", "text", "choice", "integer"})),
    **dict.fromkeys(("timestamp", "date", "date_written", "date_in_zone"), _DAYS),
    **dict.fromkeys(("id_list", "count", "first"), _LISTS),
    **dict.fromkeys(("email", "date_read", "address_part"), _WORDS),
    **dict.fromkeys(
        ("phone_e164", "phone_extension", "phone_usable", "phone_national"), _WORDS | {"integer"}
    ),
    **dict.fromkeys(
        ("text", "trimmed", "upper", "lower", "split"),
        _NUMBERS | _WORDS | _DAYS | {"boolean", "choices"},
    ),
}
"""The remote types that a transform can read; one that is not here reads any."""

GOES_TO: Mapping[str, frozenset[str]] = {
    "text": _WORDS | {"choices", "json"},
    "decimal": frozenset({"decimal", "number"}),
    "number": frozenset({"decimal", "number"}),
    "integer": _NUMBERS,
    "boolean": frozenset({"boolean"}),
    "timestamp": frozenset({"timestamp", "date"}),
    "json": _LISTS | {"address"},
}
"""The remote types that a value of a kind can be written to."""


def misfits(
    line: FieldMap, remote: Mapping[str, RemoteField], kinds: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    """(column, words) for what does not fit. Paths that are not described are passed over."""
    if line.direction != "push":
        yield from _read(line, remote)
    if line.direction != "pull":
        for path in parse(line.remote):
            if (target := remote.get(".".join(path))) is not None:
                yield from _written(line, target, kinds)


def _read(line: FieldMap, remote: Mapping[str, RemoteField]) -> Iterable[tuple[str, str]]:
    takes = TAKES.get(line.transform)
    for path in paths_read(line, TRANSFORMS[line.transform], line.remote):
        found = remote.get(".".join(path))
        if found is not None and takes is not None and found.type not in takes:
            fitting = ", ".join(sorted(name for name, types in TAKES.items() if found.type in types))
            words = f"{found.label} holds a {found.type}, which {line.transform} cannot read. "
            yield "transform", f"{words}Use one of {fitting or 'json'}."


def _written(line: FieldMap, target: RemoteField, kinds: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    kind = _kind_sent(line, kinds)
    fits = GOES_TO.get(kind, frozenset({target.type}))
    if line.transform in _DATES:
        fits = fits | {"date"}
    if target.type not in fits:
        words = f"{target.label} takes a {target.type}, but the line sends a {kind}. "
        yield "transform", f"{words}Choose another transform, or only pull it."
    sent = list(_certain(line))
    too_long = [value for value in sent if target.length and len(value) > target.length]
    if too_long:
        words = (
            f"{target.label} takes {target.length} characters; “{too_long[0][:40]}” has {len(too_long[0])}."
        )
        yield "argument", words
    known = {value.casefold() for value, _ in target.choices}
    strange = [value for value in sent if target.closed and value.casefold() not in known]
    if strange and not too_long:
        offered = ", ".join(value for value, _ in target.choices[:12])
        yield "argument", f"{target.label} has no value “{strange[0][:40]}”. It takes: {offered}."


def _kind_sent(line: FieldMap, kinds: Mapping[str, str]) -> str:
    """What the line sends: the record's kind on the way back, what the transform gives on the way out; or unknown."""
    if line.transform == "value_map":
        return ""
    if line.direction == "both":
        back = {"customer_kind": "boolean", "cents": "integer", "date_read": "text"}
        return back.get(line.transform, kinds.get(line.field, ""))
    return TRANSFORMS[line.transform].kind


def _certain(line: FieldMap) -> Iterable[str]:
    """The values that the line will send whatever the record holds."""
    if line.transform == "constant":
        yield line.argument
    elif line.transform == "value_map":
        for left, right in value_pairs(line.argument):
            value = left if line.direction == "both" else right
            if value not in {"*", ""}:
                yield value


def unmapped(
    lines: Sequence[FieldMap], remote: Iterable[RemoteField], given: Iterable[str] = ()
) -> list[RemoteField]:
    """Required remote fields that no line fills, beside those that references fill (`given`)."""
    filled = {".".join(path) for line in lines if line.direction != "pull" for path in parse(line.remote)}
    tops = {path.partition(".")[0] for path in filled} | set(given)
    return [
        field for field in remote if field.required and field.writable and field.path not in filled | tops
    ]
