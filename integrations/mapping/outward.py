"""From a record's fields back to a remote row's members: the mapping read the other way. Pure.

The route: fields that changed -> the mapping's lines that read them -> each value through the reverse of its
transform, or, for a line that is only pushed, through the transform itself -> members at their paths; a nested
member that goes whole is filled up from the row as it stands.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from integrations.connectors.entity import FieldMap, Row, Write
from integrations.mapping.adjusted import TRANSFORMS
from integrations.mapping.backwards import ADDING, BACKWARDS, LOOKING, backwards, digits, plain
from integrations.mapping.errors import MappingError
from integrations.mapping.groups import line_of
from integrations.mapping.paths import MISSING, Path, dig, parse

_ONLY_NEW = frozenset({"if_new"})
_NOTHING = (None,)


@dataclass(frozen=True, slots=True)
class Sent:
    """One line on its way out: the record fields it reads, the members it fills, and how.

    `give` takes the values of `names` and what the members hold now, where it `looks`, and gives what they shall hold.
    """

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    transform: str
    mode: str
    give: Callable[[Sequence[Any], Sequence[Any]], Sequence[Any]]
    looks: bool = False

    @property
    def member(self) -> str:
        """The one member that it fills whatever is there; empty where it is not as plain as that."""
        (path, *more) = self.paths
        return path[0] if not more and len(path) == 1 and not self.looks else ""

    def body(self, values: Mapping[str, Any], row: Row | None) -> dict[Path, Any]:
        """The members to send, by path. Raises MappingError."""
        now: Sequence[Any] = (None,) * len(self.paths)
        if self.looks:
            now = [None if (found := dig(row, path)) is MISSING else found for path in self.paths]
        return dict(zip(self.paths, self.given(values, now), strict=True))

    def given(self, values: Mapping[str, Any], now: Sequence[Any]) -> Sequence[Any]:
        """What its members shall hold, one after the other. Raises MappingError."""
        read = [values[name] for name in self.names]
        try:
            return self.give(read, now)
        except MappingError:
            raise
        except (ValueError, TypeError, ArithmeticError) as error:
            words = str(error) if isinstance(error, ValueError) else "cannot be sent"
            shown = read[0] if len(read) == 1 else read
            remote = ", ".join(".".join(path) for path in self.paths)
            raise MappingError(remote, ", ".join(self.names), self.transform, shown, words) from None


@dataclass(frozen=True)
class Outward:
    """A mapping's way out, for one system's `write`."""

    lines: tuple[Sent, ...]
    write: Write

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The record fields it reads, each once; dotted ones lead through a reference."""
        return tuple(dict.fromkeys(name for line in self.lines for name in line.names))

    @cached_property
    def lasting(self) -> tuple[str, ...]:
        """The fields whose change is worth a write to a row that is there: not those that only fill new ones."""
        lines = [line for line in self.lines if line.mode not in _ONLY_NEW]
        return tuple(dict.fromkeys(name for line in lines for name in line.names))

    @cached_property
    def aside(self) -> frozenset[str]:
        """The fields that go by a call of their own, once the row is there."""
        lines = [line for line, member in self._members if member in self.write.aside]
        return frozenset(name for line in lines for name in line.names)

    def body_of(self, values: Mapping[str, Any], names: Collection[str], row: Row | None = None) -> Row:
        """The members to send for the fields `names`; `values` are those of `self.names`, `row` the row as it stands.

        Raises MappingError.
        """
        wanted = set(names)
        body: Row = {}
        for line, member in self._members:
            if (line.names and wanted.isdisjoint(line.names)) or (row is not None and line.mode in _ONLY_NEW):
                continue
            if member:
                (given,) = line.given(values, _NOTHING)
                body[member] = [*body.get(member, ()), *given] if line.transform in ADDING else given
            else:
                self._fill(body, line, values, row)
        for member in self.write.flat.intersection(body):
            body |= body.pop(member)
        rename = self.write.rename
        return {rename.get(name, name): value for name, value in body.items()} if rename else body

    @cached_property
    def _members(self) -> tuple[tuple[Sent, str], ...]:
        """The lines, each with the member that it fills alone, if that is all there is to it."""
        whole = self.write.whole
        return tuple((line, "" if line.member in whole else line.member) for line in self.lines)

    def _fill(self, body: Row, line: Sent, values: Mapping[str, Any], row: Row | None) -> None:
        """A line that fills several members, or parts of them, or goes by what they hold."""
        whole = self.write.whole
        for path, value in line.body(values, _with(row, body)).items():
            top = path[0]
            if top in whole and top not in body:
                body[top] = _whole(whole[top], row, top)
            _put(body, path, value, whole.get(top, {}))


def outward(
    lines: Iterable[FieldMap], write: Write, *, region: str = "US", more: Collection[str] = ()
) -> Outward:
    """The lines that a write may use. `more` are members beyond the declared ones that the system takes."""
    found = []
    for line in lines:
        if can_push(line, write, more):
            lasts = can_push(line, replace(write, create_members=frozenset()), more)
            found.append(_sent(line if lasts else replace(line, mode="if_new"), region, write.exact))
    return Outward(tuple(found), write)


def nested_outward(write: Write, *, region: str = "US") -> Outward | None:
    """The nested rows that a create sends, each as a body of its own; None where it sends none."""
    if write.children is None:
        return None
    lines = write.children.mapping
    tops = frozenset(path[0] for line in lines for path in parse(line.remote))
    row = Write(write.scope, tops, write.find, exact=write.exact)
    return outward(lines, row, region=region)


def can_push(line: FieldMap, write: Write, more: Collection[str] = ()) -> bool:
    """Whether a line has a way out: its direction, its transform and its members allow it."""
    if line.direction == "pull" or line.mode == "never" or not line.remote:
        return False
    if line.direction == "both" and line.transform not in BACKWARDS:
        return False
    members = write.members | write.create_members
    return all(path[0] in members or ".".join(path) in more for path in parse(line.remote))


def _sent(line: FieldMap, region: str, exact: bool = False) -> Sent:
    paths = parse(line.remote)
    if exact and line.transform == "decimal":
        return Sent((line.field,), paths, line.transform, line.mode, lambda read, now: [digits(read[0])])
    if line.direction == "both":
        back = backwards(line.transform, line.argument, [path[-1] for path in paths])
        looks = line.transform in LOOKING
        return Sent(
            (line.field,), paths, line.transform, line.mode, lambda read, now: back(read[0], now), looks
        )
    bound = line_of(line, region, source=line.field)
    names = tuple(".".join(path) for path in bound.paths)
    return Sent(names, paths[:1], line.transform, line.mode, lambda read, now: [plain(bound.of(list(read)))])


def reason_one_way(transform: str) -> str:
    """Why a transform cannot be read backwards; empty where it can."""
    if transform in BACKWARDS or transform not in TRANSFORMS:
        return ""
    return TRANSFORMS[transform].one_way or "it keeps only a part of what it reads"


def _with(row: Row | None, body: Row) -> Row | None:
    """What the row will hold once the body is there: two lines may fill parts of one member."""
    return body or None if row is None else {**row, **body}


def _whole(parts: Mapping[str, Any], row: Row | None, top: str) -> Row:
    """A nested member with all its parts, as they stand; those that may not be null have what stands for it."""
    found = dig(row, (top,)) if row is not None else None
    stands = dict(found) if isinstance(found, dict) else {}
    return {**stands, **{name: stands.get(name) or empty for name, empty in parts.items()}}


def _put(body: Row, path: Path, value: Any, parts: Mapping[str, Any]) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    empty = value is None or value == ""
    body[path[-1]] = parts.get(path[-1], value) if empty else value
