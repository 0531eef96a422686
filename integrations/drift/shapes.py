"""The shape of rows: which members they have and of which JSON types. Pure, and without any value.

The route: some rows of a page -> `shape_of` each -> `compared` with what is known -> what is known from now on, and the
differences. A member that is often left out is no drift when it is missing once more: only one that came with every row
so far, and with none of the last `ENOUGH`, has vanished.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors.entity import Row

ENOUGH = 10
"""So many rows have to be seen, or to lack a member, before anything is concluded."""
MOST_MEMBERS = 500
DEEPEST = 4
NULL, TEXT, NUMBER, BOOLEAN, LIST, OBJECT = 0, 1, 2, 4, 8, 16
_BITS: dict[type, int] = {
    type(None): NULL,
    str: TEXT,
    int: NUMBER,
    float: NUMBER,
    bool: BOOLEAN,
    list: LIST,
    dict: OBJECT,
}
_WORDS = {TEXT: "text", NUMBER: "number", BOOLEAN: "yes or no", LIST: "list", OBJECT: "members of its own"}
Shape = dict[str, int]
"""`{path: type}` of one row; the members of nested rows are `items[].price`."""
Member = list[int]
"""[types, rows that had it (up to ENOUGH), rows since that lacked it, 1 if it may be left out, 1 if it has vanished]"""
Known = dict[str, Member]


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is new, vanished, retyped or back."""

    kind: str
    path: str
    before: str = ""
    after: str = ""


def shape_of(row: Row, nested: str = "") -> Shape:
    """The members of a row. `nested` is the member whose list holds rows of their own."""
    shape: Shape = {}
    _note(row, "", shape, nested, 0)
    return shape


def _note(row: Mapping[str, Any], prefix: str, shape: Shape, nested: str, depth: int) -> None:
    for name, value in row.items():
        path = prefix + name
        shape[path] = _BITS.get(type(value), TEXT)
        if type(value) is dict and depth < DEEPEST:
            _note(value, f"{path}.", shape, "", depth + 1)
        elif path == nested and value and type(value) is list and type(value[0]) is dict:
            _note(value[0], f"{path}[].", shape, "", depth + 1)


def in_words(types: int) -> str:
    return " or ".join(words for bit, words in _WORDS.items() if types & bit) or "always empty"


def compared(known: Known, rows: int, shapes: Iterable[Shape]) -> tuple[Known, int, list[Difference]]:
    """What is known after these rows, of how many, and what they showed. The first rows only teach."""
    now = {path: list(member) for path, member in known.items()}
    found: list[Difference] = []
    settled: Shape | None = None
    for shape in shapes:
        if shape != settled:  # most rows look like the one before them
            before = {path: tuple(member) for path, member in now.items()} if rows >= ENOUGH else None
            found += _learned(now, rows, shape)
            unchanged = before == {path: tuple(member) for path, member in now.items()}
            settled = shape if unchanged else None
        rows += 1
    return now, min(rows, ENOUGH), found


def _learned(now: Known, rows: int, shape: Shape) -> list[Difference]:
    """What one row shows; `now` knows it afterwards."""
    found: list[Difference] = []
    new = [path for path in shape if path not in now]
    was_known = {path: _parent_known(path, now) for path in new}
    lacking = [path for path in now if path not in shape and _parent_is_there(path, shape)]
    for path, bit in shape.items():
        if path in now:
            found += _present(path, now[path], bit, rows >= ENOUGH)
    for path in lacking:
        found += _absent(path, now[path])
    for path in new[: max(0, MOST_MEMBERS - len(now))]:
        now[path] = [shape[path], 1, 0, int(0 < rows < ENOUGH and was_known[path]), 0]
        if rows >= ENOUGH and was_known[path]:
            found.append(Difference("new", path, "", in_words(shape[path])))
    return found


def _present(path: str, member: Member, bit: int, is_judging: bool) -> list[Difference]:
    found = []
    types, _, missed, _, gone = member
    if bit & ~types:
        if types and is_judging:
            found.append(Difference("retyped", path, in_words(types), in_words(bit)))
        member[0] = types | bit
    if missed and not gone:
        member[3] = 1
    if gone:
        found.append(Difference("back", path))
    member[1], member[2], member[4] = min(member[1] + 1, ENOUGH), 0, 0
    return found


def _absent(path: str, member: Member) -> list[Difference]:
    types, had, missed, optional, gone = member
    if optional or gone:
        return []
    if had < ENOUGH:
        member[3] = 1
        return []
    member[2] = missed + 1
    if member[2] < ENOUGH:
        return []
    member[4] = 1
    return [Difference("vanished", path, in_words(types), "")]


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _parent_is_there(path: str, shape: Shape) -> bool:
    """Whether the row could have had it: below a null, or an empty list, nothing is missing."""
    parent = _parent(path)
    if not parent:
        return True
    if parent.endswith("[]"):
        return any(other.startswith(f"{parent}.") for other in shape)
    return shape.get(parent) == OBJECT


def _parent_known(path: str, known: Known) -> bool:
    """A parent that had never been there brings its members along: it alone is the news."""
    parent = _parent(path)
    if not parent:
        return True
    if parent.endswith("[]"):
        return any(other.startswith(f"{parent}.") for other in known)
    return parent in known and bool(known[parent][0] & OBJECT)
