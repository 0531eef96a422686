"""Reading one item of a document: what is wrong is noted beside its element, so that one reply names it all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from integrations.sandbox.syspro.elements import Node, build, built, children, text_of
from integrations.sandbox.syspro.errors import BLANK, CHOICE, DATE, LENGTH, NUMBER, Rejected

MOST = Decimal(10) ** 12
_CUT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")


def is_day(text: str) -> bool:
    """Whether a text is a date as CCYY-MM-DD."""
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Problem:
    element: str
    value: str
    number: int
    sentence: str

    def node(self) -> Node:
        return build(
            self.element,
            built(Value=self.value, ErrorNumber=f"{self.number:06d}", ErrorDescription=self.sentence),
        )


@dataclass(slots=True)
class Reading:
    """`path` is how SYSPRO names the place in its sentences: `{Item}`."""

    node: Node
    path: str = ""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def wrong(self, element: str, value: str, number: int, sentence: str) -> None:
        self.problems.append(Problem(element, value, number, sentence))

    def warn(self, element: str, value: str, number: int, sentence: str) -> None:
        self.warnings.append(Problem(element, value, number, sentence))

    def is_wrong(self, element: str) -> bool:
        return any(one.element == element for one in self.problems)

    def parts(self, name: str) -> Iterator["Reading"]:
        """The elements of one name inside, which share the notes of this one."""
        for node in children(self.node, name):
            yield Reading(node, f"{self.path}{{{name}}}", self.problems, self.warnings)

    def part(self, name: str) -> "Reading":
        """The first of them; one that is empty where there is none."""
        return next(self.parts(name), None) or Reading(
            build(name), f"{self.path}{{{name}}}", self.problems, self.warnings
        )

    def text(self, name: str, most: int = 0, default: str = "", *, required: bool = False) -> str:
        """`most`: characters of a text that is refused when it is longer (without: it is cut where it is kept)."""
        value = text_of(self.node, name)
        if not value and required:
            sentence = f"XML element '{self.path}{{{name}}}' cannot be spaces"
            self.wrong(name, value, BLANK, sentence)
        if most and len(value) > most:
            self.wrong(name, value, LENGTH, f"XML element '{name}' is longer than {most} characters")
        return value or default

    def choice(self, name: str, allowed: str, default: str) -> str:
        """One of the letters in `allowed`."""
        value = text_of(self.node, name) or default
        if value not in tuple(allowed):
            self.wrong(
                name,
                value,
                CHOICE,
                f"XML element '{name}' must be one of {', '.join(allowed)}, not '{value}'",
            )
            return default
        return value

    def number(self, name: str, decimals: int = 2, *, required: bool = False) -> Decimal:
        """Nought where there is none."""
        value = self.text(name, required=required)
        try:
            number = Decimal(value or "0")
            if not number.is_finite() or abs(number) >= MOST or number != round(number, decimals):
                raise InvalidOperation
        except InvalidOperation:
            sentence = f"'{value}' is no number with up to {decimals} decimals for XML element '{name}'"
            self.wrong(name, value, NUMBER, sentence)
            return Decimal(0)
        return number

    def day(self, name: str, default: str = "") -> str:
        """An ISO date."""
        value = text_of(self.node, name)
        if not value:
            return default
        if not is_day(value):
            shown = _CUT_DATE.sub(r"\1-\2-\3", value)
            sentence = f"Date '{shown}' is invalid for XML element '{name}' it must be CCYY-MM-DD format"
            self.wrong(name, value, DATE, sentence)
            return default
        return value

    def settle(self, ignore_warnings: str) -> None:
        """End of the checks. `ignore_warnings`: N, Y or W. Raises Rejected for an error, and under N for a warning."""
        if ignore_warnings == "N":
            self.problems.extend(self.warnings)
        if self.problems:
            raise Rejected
        if ignore_warnings == "Y":
            self.warnings.clear()

    def warning_nodes(self) -> list[Node]:
        return [
            build(
                "WarningMessages", built(WarningNumber=f"{one.number:06d}", WarningDescription=one.sentence)
            )
            for one in self.warnings
        ]
