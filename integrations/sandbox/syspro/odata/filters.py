"""`$filter` of OData 4: text -> tokens -> a test of a row.

Known are eq ne gt ge lt le, and or not, brackets, contains and startswith; literals of texts, numbers and moments.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from integrations.sandbox.syspro.columns import Column, Kind, Table
from integrations.sandbox.syspro.conditions import COMPARE, Test, both, compared, either, negated

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<timestamp>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)(?![\dT])"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w-])"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>[(),]))"
)
FUNCTIONS = ("contains", "startswith")


class BadRequest(Exception):
    """The request is answered with 400 and this message."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str


def test_from(text: str, table: Table, dates: str) -> Test:
    """`dates`: the literals that the site's date columns take, `timestamp` or `date`. Raises BadRequest."""
    reader = _Reader(_cut(text), table, dates)
    test = reader.either()
    if reader.next().kind != "end":
        raise BadRequest(f"Syntax error: unexpected '{reader.last}' in '$filter={text}'.")
    return test


def _cut(text: str) -> list[Token]:
    found: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadRequest(f"Syntax error at position {place} in '$filter={text}'.")
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind]))
        place = match.end()
    return found


class _Reader:
    """Takes the tokens one by one; or binds loosest, then and, then not."""

    def __init__(self, tokens: list[Token], table: Table, dates: str) -> None:
        self._tokens, self._place = [*tokens, Token("end", "the end")], 0
        self._table, self._dates = table, dates
        self.last = ""

    def next(self) -> Token:
        token = self._tokens[self._place]
        self._place, self.last = min(self._place + 1, len(self._tokens) - 1), token.text
        return token

    def _takes(self, word: str) -> bool:
        taken = self._tokens[self._place].text == word and self._tokens[self._place].kind in {"word", "sign"}
        self._place += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise BadRequest(f"Syntax error: '{sign}' expected before '{self.next().text}'.")

    def either(self) -> Test:
        test = self._both()
        while self._takes("or"):
            test = either(test, self._both())
        return test

    def _both(self) -> Test:
        test = self._single()
        while self._takes("and"):
            test = both(test, self._single())
        return test

    def _single(self) -> Test:
        if self._takes("not"):
            return negated(self._single())
        if self._takes("("):
            test = self.either()
            self._expect(")")
            return test
        token = self.next()
        if token.kind != "word":
            raise BadRequest(f"Syntax error: unexpected '{token.text}'.")
        return self._function(token.text) if token.text in FUNCTIONS else self._comparison(token.text)

    def _function(self, name: str) -> Test:
        self._expect("(")
        column = self._column(self.next().text)
        self._expect(",")
        literal = self.next()
        self._expect(")")
        if literal.kind != "text" or column.kind is not Kind.TEXT:
            raise BadRequest(f"No function signature for the function with name '{name}' matches.")
        wanted, where = _unquoted(literal.text), column.name
        if name == "contains":
            return lambda row: wanted in row[where]
        return lambda row: row[where].startswith(wanted)

    def _comparison(self, name: str) -> Test:
        column, op, literal = self._column(name), self.next().text, self.next()
        if op not in COMPARE:
            raise BadRequest(f"Syntax error: an operator expected instead of '{op}'.")
        return compared(column, op, self._value(column, literal))

    def _column(self, name: str) -> Column:
        if name not in self._table.columns:
            raise BadRequest(f"Could not find a property named '{name}' on type '{self._table.name}'.")
        return self._table.columns[name]

    def _value(self, column: Column, literal: Token) -> str | Decimal:
        if literal.kind == "word" and literal.text == "null":
            return ""
        if column.kind is Kind.TEXT and literal.kind == "text":
            return _unquoted(literal.text)
        if column.kind is Kind.NUMBER and literal.kind == "number":
            return Decimal(literal.text)
        if column.kind is Kind.DATE and literal.kind == self._dates:
            return literal.text[:10]
        raise BadRequest(
            "A binary operator with incompatible types was detected. Found operand types "
            f"'{type_of(column, self._dates)}' and that of {literal.text}."
        )


def _unquoted(literal: str) -> str:
    return literal[1:-1].replace("''", "'")


def type_of(column: Column, dates: str) -> str:
    """The Edm type of a column."""
    if column.kind is Kind.DATE:
        return "Edm.DateTimeOffset" if dates == "timestamp" else "Edm.Date"
    return "Edm.Decimal" if column.kind is Kind.NUMBER else "Edm.String"
