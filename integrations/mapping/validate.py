"""What is wrong with a field mapping that a person has edited, line by line and by name."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from integrations.connectors.base import RemoteField
from integrations.connectors.entity import FieldMap, Write
from integrations.mapping.adjusted import TRANSFORMS
from integrations.mapping.backwards import BACKWARDS
from integrations.mapping.fitting import misfits
from integrations.mapping.groups import line_of, paths_read
from integrations.mapping.outward import can_push, reason_one_way
from integrations.mapping.paths import parse

_FITS: Mapping[str, frozenset[str]] = {
    "decimal": frozenset({"decimal", "integer"}),
    "number": frozenset({"number", "integer"}),
    "json": frozenset({"json", "text", "boolean", "integer", "number"}),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: the line's number from 0, the column it concerns, and words for a person."""

    line: int
    column: str
    message: str


@dataclass(frozen=True)
class Sides:
    """What both sides of a mapping offer.

    `fields` are the record's fields, each with its kind; `linked` those of the records it refers to, by reference.
    `paths`, where given, are those that the system is known to send: others are refused. `remote` are the fields that
    it has described, `write` how it is written (None: never), `more` members that it takes beyond the declared ones.
    """

    fields: Mapping[str, str]
    linked: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    paths: Collection[str] = ()
    remote: Mapping[str, RemoteField] = field(default_factory=dict)
    write: Write | None = None
    more: Collection[str] = ()

    def kind_of(self, name: str) -> str | None:
        """The kind of a record's field, or of one that it refers to (`customer.name`)."""
        reference, _, rest = name.rpartition(".")
        return self.linked.get(reference, {}).get(rest) if reference else self.fields.get(name)

    @property
    def offered(self) -> list[str]:
        return [
            *self.fields,
            *(f"{name}.{inner}" for name, fields in self.linked.items() for inner in fields),
        ]


def all_problems(lines: Iterable[FieldMap], sides: Sides) -> list[Problem]:
    """All problems of a mapping; none means that it may be saved."""
    found: list[Problem] = []
    filled: dict[tuple[str, str], int] = {}
    for number, line in enumerate(lines):
        own = list(_of_line(line, sides))
        found += [Problem(number, column, message) for column, message in own]
        for column, target in _targets(line):
            if (other := filled.setdefault((column, target), number)) != number:
                words = f"{target} is already filled by line {other + 1}. Take one of the two away."
                found.append(Problem(number, column, words))
    return found


def _targets(line: FieldMap) -> Iterable[tuple[str, str]]:
    if line.direction != "push":
        yield "field", line.field
    if line.direction == "push" and line.remote:
        yield "remote", line.remote


def _of_line(line: FieldMap, sides: Sides) -> Iterable[tuple[str, str]]:
    transform = TRANSFORMS.get(line.transform)
    if transform is None:
        words = f"There is no transform {line.transform!r}.{_suggestion(line.transform, TRANSFORMS)}"
        return [*_target(line, sides), ("transform", words)]
    found = [*_source(line, sides), *_target(line, sides), *_way(line, sides)]
    return found or list(_bound(line, sides))


def _source(line: FieldMap, sides: Sides) -> Iterable[tuple[str, str]]:
    """What the line reads exists, and there is as much of it as the transform takes."""
    transform = TRANSFORMS[line.transform]
    pushed = line.direction == "push"
    column = "argument" if transform.reads is not None else "field" if pushed else "remote"
    try:
        paths = paths_read(line, transform, line.field if pushed else line.remote)
    except ValueError as error:
        count = (line.field if pushed else line.remote).count(",") + 1
        if transform.inputs not in {0, count}:
            what = "record" if pushed else "remote"
            yield (
                column,
                f"The transform {transform.name} takes {transform.inputs} {what} field(s), not {count}.",
            )
        else:
            yield column, str(error)
        return
    for name in (".".join(path) for path in paths):
        if pushed and sides.kind_of(name) is None:
            yield column, f"The record has no field {name!r}.{_suggestion(name, sides.offered)}"
        elif not pushed and sides.paths and name not in sides.paths:
            yield column, f"The system sends no field {name!r}.{_suggestion(name, sides.paths)}"


def _target(line: FieldMap, sides: Sides) -> Iterable[tuple[str, str]]:
    """What the line fills exists, and can hold what the transform gives."""
    if line.direction == "push":
        yield from _remote_target(line, sides)
        return
    if line.field not in sides.fields:
        yield "field", f"The record has no field {line.field!r}.{_suggestion(line.field, sides.fields)}"
        return
    kind, transform = sides.fields[line.field], TRANSFORMS.get(line.transform)
    fits = _FITS.get(kind, {kind})
    if transform is not None and transform.kind and transform.kind not in fits:
        fitting = [name for name, other in TRANSFORMS.items() if other.kind in fits]
        words = f"{line.field} holds a {kind}, which {transform.name} does not give."
        yield "transform", f"{words} Use one of {', '.join(fitting)}."


def _remote_target(line: FieldMap, sides: Sides) -> Iterable[tuple[str, str]]:
    try:
        paths = [".".join(path) for path in parse(line.remote)]
    except ValueError as error:
        yield "remote", str(error)
        return
    if len(paths) > 1:
        yield "remote", "A pushed line fills one remote field. Write a line for each."
    elif sides.paths and paths[0] not in sides.paths:
        yield "remote", f"The system has no field {paths[0]!r}.{_suggestion(paths[0], sides.paths)}"


def _way(line: FieldMap, sides: Sides) -> Iterable[tuple[str, str]]:
    """A way back there is only where the system and the transform allow it."""
    if line.direction == "pull":
        return
    if line.direction == "both" and line.transform not in BACKWARDS:
        why = reason_one_way(line.transform)
        yield (
            "direction",
            f"{line.transform} cannot be written back: {why}. Choose pull, or push for the way out.",
        )
    elif line.mode == "if_empty" and line.direction == "push":
        yield "mode", "What is pushed is written always, only when new, or never."
    elif sides.write is None:
        yield "direction", "These rows can only be read there. Choose pull."
    elif line.mode != "never" and not can_push(line, sides.write, sides.more):
        words = f"{line.remote or 'Nothing'} cannot be written there. Choose pull"
        yield (
            "direction",
            f"{words}, or a field that can: {', '.join(sorted({*sides.write.members, *sides.more})[:20])}.",
        )


def _bound(line: FieldMap, sides: Sides) -> Iterable[tuple[str, str]]:
    """The argument is one the transform understands, and the values fit the fields' types."""
    transform = TRANSFORMS[line.transform]
    if line.argument.strip() and not transform.argument:
        yield "argument", f"{line.transform} takes no settings. Leave them empty."
        return
    pushed = line.direction == "push"
    try:
        bound = line_of(
            replace(line, kind=sides.fields.get(line.field, "")), "US", source=line.field if pushed else None
        )
        if line.transform == "constant" and not pushed:
            bound.of([])
    except ValueError as error:
        yield "argument", str(error)
        return
    yield from misfits(line, sides.remote, {name: sides.kind_of(name) or "" for name in [line.field]})


def _suggestion(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(sorted(known)[:40])}."
