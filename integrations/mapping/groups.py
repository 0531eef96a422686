"""Lines of a mapping that are read together: the same container in the row, the same types taken as they are.

A `Fill` puts the values of its lines into a row's fields. Its fast way assumes an ordinary row: every member
there, every type as expected. Anything else makes it read the same lines one by one, with the same result
where there is one, and a MappingError where there is none.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from integrations.connectors.entity import FieldMap, Row
from integrations.mapping.adjusted import TRANSFORMS, coerced
from integrations.mapping.binding import Binding, LookUp, nothing_linked
from integrations.mapping.errors import MappingError
from integrations.mapping.paths import MISSING, Path, dig, parse
from integrations.mapping.transforms import Convert, Transform

Fill = Callable[[Row, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a mapping, ready to be used."""

    field: str
    remote: str
    transform: str
    paths: tuple[Path, ...]
    convert: Convert
    takes_as_is: frozenset[type]
    takes_null: bool = False

    def put(self, row: Row, fields: dict[str, Any]) -> None:
        """Read this line alone. A member that is not there leaves the field out; null stays null."""
        values = [dig(row, path) for path in self.paths]
        if values and all(value is MISSING for value in values):
            return
        fields[self.field] = self.of([None if value is MISSING else value for value in values])

    def of(self, values: list[Any]) -> Any:
        """What these values become. Raises MappingError."""
        if len(values) == 1 and values[0] is None and not self.takes_null:
            return None
        try:
            return self.convert(*values)
        except (ValueError, TypeError, ArithmeticError) as error:
            problem = str(error) if isinstance(error, ValueError) else "cannot be read"
            shown = values[0] if len(values) == 1 else values
            raise MappingError(self.field, self.remote, self.transform, shown, problem) from None


def fills(maps: Iterable[FieldMap], region: str, look_up: LookUp = nothing_linked) -> tuple[Fill, ...]:
    """The fills of a mapping. Raises ValueError for an unknown transform or an unreadable path."""
    together: dict[tuple[Path, frozenset[type]], list[Line]] = defaultdict(list)
    found: list[Fill] = []
    for line in (line_of(item, region, look_up) for item in maps if item.direction != "push"):
        if len(line.paths) != 1 or line.takes_null:
            found.append(line.put)
        elif line.takes_as_is:
            together[line.paths[0][:-1], line.takes_as_is].append(line)
        else:
            found.append(_converting(line))
    return (*(_taking(container, lines) for (container, _), lines in together.items()), *found)


def line_of(item: FieldMap, region: str, look_up: LookUp = nothing_linked, source: str | None = None) -> Line:
    """A line, bound to its transform. `source` are the paths it reads, where they are not its remote ones.

    Raises ValueError for an unknown transform, an unreadable path, or an argument that does not fit.
    """
    if item.transform not in TRANSFORMS:
        raise ValueError(f"There is no transform {item.transform!r}.")
    transform = TRANSFORMS[item.transform]
    paths = paths_read(item, transform, item.remote if source is None else source)
    names = tuple(path[-1] for path in paths)
    whole = tuple(".".join(path) for path in paths)
    convert = transform.bind(Binding(region, names, whole, item.argument, item.kind, look_up))
    if not transform.kind:
        convert = coerced(convert, item.kind)
    shown = item.remote or ", ".join(whole)
    return Line(
        item.field, shown, item.transform, paths, convert, transform.takes_as_is, transform.takes_null
    )


def paths_read(item: FieldMap, transform: Transform, source: str) -> tuple[Path, ...]:
    """Where a line's values come from: its argument for transforms that name them there, else `source`."""
    if transform.reads is not None:
        return tuple(tuple(path.split(".")) for path in transform.reads(item.argument))
    paths = parse(source)
    if transform.inputs not in {0, len(paths)}:
        raise ValueError(f"The transform {item.transform} takes {transform.inputs} paths, not {len(paths)}.")
    return paths


def _taking(container: Path, lines: list[Line]) -> Fill:
    """Values that are taken as they are: one look-up, one check of the types, one update for all lines."""
    leaves = [line.paths[0][-1] for line in lines]
    names = tuple(line.field for line in lines)
    if len(leaves) == 1:  # itemgetter of one name gives no tuple: name it twice
        leaves, names = leaves * 2, names * 2
    get = itemgetter(*leaves)
    fits = (lines[0].takes_as_is | {type(None)}).issuperset

    def fill(row: Row, fields: dict[str, Any]) -> None:
        try:
            inner = row
            for segment in container:
                inner = inner[segment]
            values = get(inner)
            if fits(map(type, values)):
                fields.update(zip(names, values))  # noqa: B905 (both have the same length)
                return
        except (KeyError, TypeError):
            pass  # a member is not there, or the container is null: line by line
        for line in lines:
            line.put(row, fields)

    return fill


def _converting(line: Line) -> Fill:
    """One value that needs its transform."""
    path = line.paths[0]
    container, leaf, name, convert = path[:-1], path[-1], line.field, line.convert

    def fill(row: Row, fields: dict[str, Any]) -> None:
        try:
            inner = row
            for segment in container:
                inner = inner[segment]
            value = inner[leaf]
            fields[name] = None if value is None else convert(value)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            line.put(row, fields)

    return fill
