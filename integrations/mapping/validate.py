"""What is wrong with a field mapping that a person has edited, line by line and by name."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from integrations.connectors.base import FieldMap
from integrations.mapping.paths import parse
from integrations.mapping.transforms import TRANSFORMS

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


def problems(
    lines: Iterable[FieldMap], fields: Mapping[str, str], remote_paths: Collection[str] = ()
) -> list[Problem]:
    """All problems of a mapping; none means that it may be saved.

    `fields` are the record's fields, each with its kind. `remote_paths`, where given, are the paths that the
    system is known to send; a path beyond them is refused.
    """
    found: list[Problem] = []
    filled: dict[str, int] = {}
    for number, line in enumerate(lines):
        for column, message in (*_remote(line, remote_paths), *_transform(line), *_field(line, fields)):
            found.append(Problem(number, column, message))
        if line.field in filled:
            message = (
                f"{line.field} is already filled by line {filled[line.field] + 1}. Take one of the two away."
            )
            found.append(Problem(number, "field", message))
        filled.setdefault(line.field, number)
    return found


def _remote(line: FieldMap, known: Collection[str]) -> Iterable[tuple[str, str]]:
    try:
        paths = [".".join(path) for path in parse(line.remote)]
    except ValueError as error:
        yield "remote", str(error)
        return
    for path in paths:
        if known and path not in known:
            yield "remote", f"The system sends no field {path!r}.{_suggestion(path, known)}"


def _transform(line: FieldMap) -> Iterable[tuple[str, str]]:
    transform = TRANSFORMS.get(line.transform)
    if transform is None:
        yield (
            "transform",
            f"There is no transform {line.transform!r}.{_suggestion(line.transform, TRANSFORMS)}",
        )
        return
    count = line.remote.count(",") + 1
    if transform.inputs not in {0, count}:
        yield (
            "remote",
            f"The transform {transform.name} takes {transform.inputs} remote field(s), not {count}.",
        )


def _field(line: FieldMap, fields: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if line.field not in fields:
        yield "field", f"The record has no field {line.field!r}.{_suggestion(line.field, fields)}"
        return
    kind, transform = fields[line.field], TRANSFORMS.get(line.transform)
    if transform is not None and transform.kind not in _FITS.get(kind, {kind}):
        fitting = [name for name, other in TRANSFORMS.items() if other.kind in _FITS.get(kind, {kind})]
        yield (
            "transform",
            f"{line.field} holds a {kind}, which {transform.name} does not give. Use one of {', '.join(fitting)}.",
        )


def _suggestion(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(sorted(known)[:40])}."
