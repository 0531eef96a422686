"""Transforms that take an argument: templates, value maps, formats, conditions, look-ups, expressions.

Each is bound once to its argument, which is checked then (ValueError, in words for the person who wrote it), and
is afterwards a pure function of values like every other transform. Where one can be read backwards, `backwards`
has it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.mapping import expressions
from integrations.mapping.addresses import PARTS, part_of
from integrations.mapping.binding import Binding
from integrations.mapping.contacts import writes_phone_at_home
from integrations.mapping.transforms import TRANSFORMS as PLAIN
from integrations.mapping.transforms import Convert, Transform, day, decimal, text, timestamp, trimmed

ANY = ""
_PLACE = re.compile(r"\{([^{}]*)\}")
_PATH = re.compile(r"[A-Za-z_$][\w$-]*(\.[A-Za-z_$][\w$-]*)*")


def _constant(binding: Binding) -> Convert:
    return lambda: binding.argument or None


def nothing_read(argument: str) -> tuple[str, ...]:
    return ()


def places(argument: str) -> tuple[str, ...]:
    """The paths in a template's braces, each once. Raises ValueError."""
    found = [name.strip() for name in _PLACE.findall(argument)]
    if (
        not found
        or any(not _PATH.fullmatch(name) for name in found)
        or _PLACE.sub("", argument).strip("{}") != (_PLACE.sub("", argument))
    ):
        raise ValueError("Write text with fields in braces, such as {name} in {address.city}.")
    return tuple(dict.fromkeys(found))


def _template(binding: Binding) -> Convert:
    paths, pieces = places(binding.argument), _PLACE.split(binding.argument)

    def fill(*values: Any) -> str:
        by_path = {
            path: "" if value is None else text(value) for path, value in zip(paths, values, strict=True)
        }
        found = (by_path[piece.strip()] if odd % 2 else piece for odd, piece in enumerate(pieces))
        return "".join(found).strip()

    return fill


def value_pairs(argument: str, arrow: str = "=") -> list[tuple[str, str]]:
    """`Install = Closed Won`, one to a line, as pairs; the left of the last one may be `*`. Raises ValueError."""
    pairs = []
    for number, line in enumerate(filter(str.strip, argument.splitlines()), 1):
        left, found, right = line.partition(arrow)
        if not found or not left.strip():
            raise ValueError(
                f"Line {number} “{line.strip()[:40]}” is not of the form: value read {arrow} value given."
            )
        pairs.append((left.strip(), right.strip()))
    names = [left.casefold() for left, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"“{twice}” stands there twice. Take one of the two lines away.")
    if not pairs:
        raise ValueError(f"Write one line for each value, such as: Install {arrow} Closed Won.")
    return pairs


def _value_map(binding: Binding) -> Convert:
    known = {left.casefold(): right for left, right in value_pairs(binding.argument)}
    rest = known.pop("*", None)

    def convert(value: Any) -> str:
        found = known.get(text(value).strip().casefold(), rest)
        if found is None:
            raise ValueError(
                "is not among the values of this line (add it, or a line “* = …” for all others)"
            )
        return text(value) if found == "*" else found

    return convert


def factor(argument: str) -> Decimal:
    """The number of a `scaled` line. Raises ValueError."""
    try:
        found = decimal(argument.strip())
    except ValueError:
        found = Decimal(0)
    if not found:
        raise ValueError("Write the number to multiply by, such as 0.01 or 100.")
    return found


def _scaled(binding: Binding) -> Convert:
    by = factor(binding.argument)
    return lambda value: decimal(value) * by


def pattern(argument: str) -> str:
    """A `strftime` pattern that says a whole date. Raises ValueError."""
    moment = datetime(2031, 12, 25, tzinfo=UTC)
    try:
        read = datetime.strptime(moment.strftime(argument), argument)  # only its date is used
    except ValueError:
        read = None
    if read is None or read.date() != moment.date():
        raise ValueError("Write a pattern with day, month and year, such as %m/%d/%Y or %d %b %Y.")
    return argument


def _date_written(binding: Binding) -> Convert:
    written = pattern(binding.argument)
    return lambda value: date.fromisoformat(day(value)).strftime(written)


def _date_read(binding: Binding) -> Convert:
    written = pattern(binding.argument)

    def read(value: Any) -> str:
        try:
            return datetime.strptime(text(value).strip(), written).date().isoformat()  # a day has no zone
        except ValueError:
            raise ValueError(f"is not a date written like {written}") from None

    return read


def _date_in_zone(binding: Binding) -> Convert:
    try:
        zone = ZoneInfo(binding.argument.strip())
    except (ValueError, OSError, KeyError):
        raise ValueError("Write a time zone, such as America/New_York.") from None
    return lambda value: timestamp(value).astimezone(zone).date().isoformat()


def _address_part(binding: Binding) -> Convert:
    if (name := binding.argument.strip()) not in PARTS:
        raise ValueError(f"Write one of {', '.join(PARTS)}.")
    return lambda value: part_of(text(value), name)


def conditions(argument: str) -> list[tuple[str, str]]:
    """`amount > 1000 => "Large"`, one to a line, the last one may begin with `else`. Raises ValueError."""
    pairs = value_pairs(argument, "=>")
    for left, _ in pairs[:-1]:
        if left == "else":
            raise ValueError("“else” must be the last line.")
    return pairs


def read_by_conditions(argument: str) -> tuple[str, ...]:
    sources = [side for pair in conditions(argument) for side in pair if side != "else"]
    return tuple(dict.fromkeys(path for source in sources for path in expressions.paths_of(source or "None")))


def _when(binding: Binding) -> Convert:
    paths = read_by_conditions(binding.argument)
    cases = [
        (expressions.compiled("True" if left == "else" else left), expressions.compiled(right or "None"))
        for left, right in conditions(binding.argument)
    ]

    def choose(*values: Any) -> Any:
        row = dict(zip(paths, values, strict=True))
        return next((then(row) for condition, then in cases if condition(row)), None)

    return choose


def _expression(binding: Binding) -> Convert:
    paths, evaluate = expressions.paths_of(binding.argument), expressions.compiled(binding.argument)
    return lambda *values: evaluate(dict(zip(paths, values, strict=True)))


def linked_field(argument: str) -> tuple[str, str]:
    """`customer name` -> ("customer", "name"). Raises ValueError."""
    names = argument.replace(".", " ").split()
    if len(names) != 2:
        raise ValueError("Write an entity and one of its fields, such as: customer name.")
    return names[0], names[1]


def _look_up(binding: Binding) -> Convert:
    entity, field = linked_field(binding.argument)
    known = binding.look_up(entity, field)

    def find(value: Any) -> Any:
        if (found := known.get(text(value))) is None:
            raise ValueError(f"is not the id of a {entity.replace('_', ' ')} that is linked")
        return found

    return find


def separator(argument: str) -> str:
    """What stands between the values: as written, or within double quotes; one blank where nothing is."""
    if len(argument) > 1 and argument[0] == argument[-1] == '"':
        argument = argument[1:-1]
    return argument or " "


def _combine(binding: Binding) -> Convert:
    between = separator(binding.argument)
    return lambda *values: between.join(filter(None, (trimmed(v) for v in values if v is not None)))


_SPLIT = re.compile(r'\s*(-?[1-9]\d?)(?:\s+(?:of\s+)?("[^"]+"|\S+))?\s*')


def split_at(argument: str) -> tuple[int, str]:
    """`2 ","` -> (2, ","); a negative number counts from the end. Raises ValueError."""
    if (found := _SPLIT.fullmatch(argument)) is None:
        raise ValueError(
            'Write which part, and what stands between the parts: 1 "," or -1 for the last word.'
        )
    return int(found[1]), separator(found[2] or "")


def parts_of(value: str, between: str) -> list[str]:
    return value.split() if between == " " else [part.strip() for part in value.split(between)]


def _split(binding: Binding) -> Convert:
    number, between = split_at(binding.argument)
    index = number - 1 if number > 0 else number

    def take(value: Any) -> str:
        parts = parts_of(text(value), between)
        return parts[index] if -len(parts) <= index < len(parts) else ""

    return take


def _named(binding: Binding) -> Convert:
    name = binding.argument.strip().casefold()
    if not name:
        raise ValueError("Write the name of the item, such as: Supplier code.")

    def find(value: Any) -> str | None:
        if type(value) is not list or any(type(item) is not dict for item in value):
            raise ValueError("is not a list of names and values")
        found = (item.get("value") for item in value if trimmed(item.get("name") or "").casefold() == name)
        held = next(found, None)
        return None if held is None else trimmed(held)

    return find


def _listed(binding: Binding) -> Convert:
    names = binding.argument.split()
    if not names:
        raise ValueError("Write the members of an item that are told, such as: quantity code.")

    def told(value: Any) -> str:
        if type(value) is not list or any(type(item) is not dict for item in value):
            raise ValueError("is not a list of rows")
        rows = (" ".join(_in_words(item.get(name)) for name in names).strip() for item in value)
        return ", ".join(filter(None, rows))

    return told


def _in_words(value: Any) -> str:
    return "" if value is None else trimmed(text(value)).removesuffix(".0")


_EACH = "one to a line"
_WHY_MANY = "several values become one, which cannot be taken apart again"
ADJUSTED: tuple[Transform, ...] = (
    Transform(
        "constant", ANY, "Always the same value", _constant, inputs=0, argument="the value", example="Trunkline",
        reads=nothing_read, takes_null=True, one_way="it says the same whatever the record holds",
    ),
    Transform(
        "template", "text", "Text with fields in it", _template, inputs=0, argument="the text, fields in braces",
        example="{name} in {address.city}", reads=places, takes_null=True, one_way=_WHY_MANY,
    ),
    Transform(
        "value_map", ANY, "One value for another, such as a job type for a stage", _value_map,
        argument=f"value read = value given, {_EACH}; * for all others", example="Install = Closed Won\n* = Prospecting",
    ),
    Transform("scaled", "decimal", "An exact amount, multiplied", _scaled, argument="the factor", example="0.01"),
    Transform(
        "date_written", "text", "A date or time, written by a pattern", _date_written,
        argument="the pattern", example="%m/%d/%Y",
    ),
    Transform(
        "date_read", "text", "A date that is written by a pattern, as YYYY-MM-DD", _date_read,
        argument="the pattern", example="%m/%d/%Y",
    ),
    Transform(
        "date_in_zone", "text", "The date that a time has in a time zone, as YYYY-MM-DD", _date_in_zone,
        argument="the time zone", example="America/New_York", one_way="the hour is lost",
    ),
    Transform("phone_national", "text", "A phone number as it is dialled at home", writes_phone_at_home),
    Transform(
        "address_part", "text", "One part of an address that is written in one text", _address_part,
        argument=f"one of {', '.join(PARTS)}", example="city", one_way="one part cannot make the whole",
    ),
    Transform(
        "when", ANY, "The value of the first condition that holds", _when, inputs=0,
        argument=f"condition => value, {_EACH}; else last", example='total > 1000 => "Large"\nelse => "Small"',
        reads=read_by_conditions, takes_null=True, one_way="a value does not tell which condition it came from",
    ),
    Transform(
        "lookup", ANY, "A field of the record that an id is linked to", _look_up,
        argument="entity and field", example="customer name",
        one_way="several records may hold the same value; to send one, push a field such as customer.name",
    ),
    Transform(
        "combine", "text", "Several texts in one", _combine, inputs=0, argument="what stands between them",
        example='", "', takes_null=True,
    ),
    Transform(
        "split", "text", "One part of a text", _split, argument="which part, and what stands between",
        example='1 ","',
    ),
    Transform(
        "listed", "text", "The rows of a list in words, such as an adjustment's items", _listed,
        argument="the members of a row that are told", example="quantity code", one_way=_WHY_MANY,
    ),
    Transform(
        "named", "text", "One of a list of names and values, such as a custom field", _named,
        argument="the name", example="Supplier code",
    ),
    Transform(
        "expression", ANY, "Worked out by an expression", _expression, inputs=0, argument="the expression",
        example='upper(name) if balance > 0 else ""', reads=expressions.paths_of, takes_null=True,
        one_way="an expression cannot be turned round",
    ),
)  # fmt: skip

TRANSFORMS: Mapping[str, Transform] = {**PLAIN, **{transform.name: transform for transform in ADJUSTED}}
"""Every transform by name."""


def coerced(convert: Callable[..., Any], kind: str) -> Callable[..., Any]:
    """The same function with its result as a field of `kind` holds it."""
    to = PLAIN[kind].bind(Binding()) if kind in PLAIN else None

    def give(*values: Any) -> Any:
        found = convert(*values)
        return found if found is None or to is None else to(found)

    return give
