"""Cutting a query into words, strings, numbers and signs, each with its place for the error message."""

import re
from dataclasses import dataclass

from integrations.sandbox.salesforce.errors import Refused

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*(?::\d+)?)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),]))",
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


def refuse(query: str, at: int, code: str, sentence: str) -> Refused:
    """The error of a query: an excerpt, a caret under the place, the place in numbers, and the sentence."""
    start = max(0, at - 20)
    excerpt = query[start : at + 25].replace("\n", " ")
    caret = " " * (at - start) + "^"
    return Refused(code, f"\n{excerpt}\n{caret}\nERROR at Row:1:Column:{at + 1}\n{sentence}")


def cut(query: str) -> list[Token]:
    """Raises Refused MALFORMED_QUERY."""
    found: list[Token] = []
    place, end = 0, len(query.rstrip())
    while place < end:
        match = _TOKEN.match(query, place)
        if match is None:
            at = place + len(query[place:]) - len(query[place:].lstrip())
            sentence = f"unexpected token: '{query[at]}'" if query[at] != "'" else "unexpected char: '''"
            raise refuse(query, at, "MALFORMED_QUERY", sentence)
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return [*found, Token("end", "<EOF>", end)]


def text_of(literal: str) -> str:
    """The text that a quoted literal stands for; `\\%` and `\\_` keep their backslash, for LIKE."""
    return re.sub(r"\\(.)", lambda m: m[0] if m[1] in "%_" else _ESCAPES.get(m[1], m[1]), literal[1:-1])
