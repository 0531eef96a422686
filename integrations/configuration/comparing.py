"""Two configurations, field by field. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.configuration.document import Document

_NOT_COMPARED = {"format", "version", "tenant", "described"}
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One value: `here` and `there`, in words; None where that side does not have it."""

    path: str
    here: str | None
    there: str | None


def compare(here: Document, there: Document) -> list[Difference]:
    """Everything that differs, in the order of the document."""
    left, right = _flat(here), _flat(there)
    return [
        Difference(path, left.get(path), right.get(path))
        for path in {**left, **right}
        if left.get(path) != right.get(path)
    ]


def _flat(document: Document) -> dict[str, str]:
    values = document.model_dump(exclude=_NOT_COMPARED)
    for rows in values["tables"].values():
        for row in rows.values():
            del row["key"]  # the same thing has another id in another environment
    for connection in values["connections"].values():
        for rule in connection["rules"].values():
            rule["mapping"] = _by_target(rule["mapping"])
    return dict(_leaves(values, ""))


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
