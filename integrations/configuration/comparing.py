"""Two configurations, field by field. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.configuration.document import Document

_NOT_COMPARED = {"format", "version", "tenant", "described"}
_MISSING = object()
SMALL = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One value: `here` and `there`, in words; None where that side does not have it."""

    path: str
    here: str | None
    there: str | None


def compare(here: Document, there: Document) -> list[Difference]:
    """Everything that differs, in the order of the document. What only one side has is one difference, if it is large."""
    return list(_walk(_plain(here), _plain(there), ""))


def _walk(here: Any, there: Any, path: str) -> Iterator[Difference]:
    if isinstance(here, dict) and isinstance(there, dict):
        for name in {**here, **there}:
            inner = f"{path} > {name}" if path else str(name)
            yield from _walk(here.get(name, _MISSING), there.get(name, _MISSING), inner)
    elif here is _MISSING or there is _MISSING:
        yield from _of_one_side(here, there, path)
    elif here != there:
        yield Difference(path, in_words(here), in_words(there))


def _of_one_side(here: Any, there: Any, path: str) -> Iterator[Difference]:
    found = dict(_leaves(there if here is _MISSING else here, path))
    if len(found) > SMALL:
        found = {path: f"{len(found)} values"}
    for name, words in found.items():
        yield Difference(name, None if here is _MISSING else words, None if there is _MISSING else words)


def _plain(document: Document) -> dict[str, Any]:
    values = document.model_dump(exclude=_NOT_COMPARED)
    for rows in values["tables"].values():
        for row in rows.values():
            del row["key"]  # the same thing has another id in another environment
    for connection in values["connections"].values():
        for rule in connection["rules"].values():
            rule["mapping"] = _by_target(rule["mapping"])
    return values


def _by_target(lines: list[dict[str, str]]) -> dict[str, str]:
    """Mapping lines by what they fill, each as one value: their order means nothing."""
    found: dict[str, str] = {}
    for line in lines:
        filled = line.get("remote", "") if line.get("direction") == "push" else line.get("field", "")
        name = ": ".join(filter(None, [line.get("part", ""), filled]))
        words = ", ".join(f"{key} {value}" for key, value in line.items() if value and key != "part")
        found[name] = f"{found[name]}; {words}" if name in found else words
    return found


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{path} > {name}" if path else str(name))
    else:
        yield path, in_words(value)


def in_words(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
