"""Dotted paths into a row: `name`, `address.street`, or several, `type, value`, for a transform that takes more."""

import re
from typing import Any, Final

Path = tuple[str, ...]

_SEGMENT = re.compile(r"[A-Za-z_$][\w$-]*")


class Missing:
    """The type of MISSING: the row does not have the member at all."""

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = Missing()


def parse(remote: str) -> tuple[Path, ...]:
    """The paths of a field mapping's remote side. Raises ValueError."""
    paths = tuple(tuple(part.strip().split(".")) for part in remote.split(","))
    for path in paths:
        for segment in path:
            if not _SEGMENT.fullmatch(segment):
                raise ValueError(
                    f"{remote!r} is not a path: write names joined by dots, such as address.street, and a comma "
                    "between several paths."
                )
    return paths


def dig(row: Any, path: Path) -> Any:
    """The value at `path`; None below a null, MISSING where a member is not there."""
    for segment in path:
        if row is None:
            return None
        if not isinstance(row, dict) or segment not in row:
            return MISSING
        row = row[segment]
    return row


def known_paths(row: Any, prefix: str = "") -> list[str]:
    """Every path that a row offers, for a person to choose from. Lists count as one value."""
    found: list[str] = []
    for name, value in row.items():
        if isinstance(value, dict) and value:
            found.extend(known_paths(value, f"{prefix}{name}."))
        else:
            found.append(f"{prefix}{name}")
    return found
