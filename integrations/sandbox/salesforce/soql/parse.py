"""The grammar: SELECT … FROM … [WHERE …] [GROUP BY …] [ORDER BY …] [LIMIT n] [OFFSET n] [FOR VIEW|REFERENCE|UPDATE]."""

from typing import Any

from integrations.sandbox.salesforce.errors import Refused
from integrations.sandbox.salesforce.soql.tokens import Token, cut, refuse, text_of
from integrations.sandbox.salesforce.soql.tree import (
    Both,
    Compare,
    Either,
    Function,
    Literal,
    Not,
    Order,
    Path,
    Select,
)

CLAUSES = ("where", "group", "order", "limit", "offset", "for", "with", "using", "having")
SPANS = frozenset({
    "today", "yesterday", "tomorrow", "last_week", "this_week", "next_week", "last_month", "this_month", "next_month",
    "last_year", "this_year", "next_year", "last_90_days", "next_90_days", "last_quarter", "this_quarter", "next_quarter",
})  # fmt: skip
COUNTED_SPANS = ("last_n_days", "next_n_days", "n_days_ago", "last_n_months", "next_n_months")
SIGNS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def parse(query: str) -> Select:
    """Raises Refused MALFORMED_QUERY."""
    reader = Reader(query)
    select = reader.select()
    if reader.now.kind != "end":
        raise reader.unexpected()
    return select


class Reader:
    def __init__(self, query: str) -> None:
        self.query, self._tokens, self._place = query, cut(query), 0

    @property
    def now(self) -> Token:
        return self._tokens[self._place]

    def unexpected(self) -> Refused:
        return refuse(self.query, self.now.at, "MALFORMED_QUERY", f"unexpected token: '{self.now.text}'")

    def _take(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _word(self, *words: str) -> bool:
        """Takes these words if they come next."""
        ahead = self._tokens[self._place : self._place + len(words)]
        if len(ahead) == len(words) and all(
            token.is_word(word) for token, word in zip(ahead, words, strict=True)
        ):
            self._place += len(words)
            return True
        return False

    def _sign(self, sign: str) -> bool:
        if self.now.kind == "sign" and self.now.text == sign:
            self._place += 1
            return True
        return False

    def _must(self, taken: bool) -> None:
        if not taken:
            raise self.unexpected()

    def _name(self) -> Token:
        if self.now.kind != "word":
            raise self.unexpected()
        return self._take()

    def select(self) -> Select:
        self._must(self._word("select"))
        items, fields = self._items()
        self._must(self._word("from"))
        source = self._name()
        alias = ""
        if self.now.kind == "word" and not self.now.is_word(*CLAUSES):
            alias = self._take().text
        found: dict[str, Any] = {}
        if self._word("where"):
            found["where"] = self._either()
        if self._word("group", "by"):
            found["group"] = tuple(self._list(self._path))
        if self._word("order", "by"):
            found["order"] = tuple(self._list(self._order))
        if self._word("limit"):
            found["limit"] = self._whole()
        if self._word("offset"):
            found["offset"] = self._whole()
        if self._word("for"):
            self._must(self._word("view") or self._word("reference") or self._word("update"))
        return Select(self.query, items, source.text, source.at, fields=fields, alias=alias, **found)

    def _items(self) -> tuple[tuple[Any, ...], str]:
        items: list[Any] = []
        fields = ""
        while True:
            item = self._item()
            if isinstance(item, str):
                fields = item
            else:
                items.append(item)
            if not self._sign(","):
                return tuple(items), fields

    def _item(self) -> Any:
        if self._sign("("):
            inner = self.select()
            self._must(self._sign(")"))
            return inner
        name = self._name()
        if name.is_word("from"):
            raise refuse(self.query, name.at, "MALFORMED_QUERY", f"unexpected token: '{name.text}'")
        if not self._sign("("):
            return Path(name.text, name.at)
        return self._function(name)

    def _function(self, name: Token) -> Function | str:
        if name.is_word("fields"):
            group = self._name().text.lower()
            self._must(self._sign(")"))
            return group
        of = None if self.now.text == ")" else self._path()
        self._must(self._sign(")"))
        alias = None
        if self.now.kind == "word" and not self.now.is_word("from", "asc", "desc", "nulls", *CLAUSES):
            alias = self._take().text
        return Function(name.text.lower(), of, alias, name.at)

    def _path(self) -> Path:
        name = self._name()
        return Path(name.text, name.at)

    def _order(self) -> Order:
        name = self._name()
        path: Any = Path(name.text, name.at)
        if self._sign("("):
            path = self._function(name)
        down = self._word("desc")
        if not down:
            self._word("asc")
        last = False
        if self._word("nulls"):
            last = self._word("last")
            self._must(last or self._word("first"))
        return Order(path, down, last)

    def _list(self, one: Any) -> list[Any]:
        found = [one()]
        while self._sign(","):
            found.append(one())
        return found

    def _whole(self) -> int:
        if self.now.kind != "number" or not self.now.text.isdigit():
            raise self.unexpected()
        return int(self._take().text)

    # --- conditions ---

    def _either(self) -> Any:
        """Conditions joined by OR, or by AND: the two may only be mixed with parentheses."""
        first = self._one()
        if self.now.is_word("and"):
            return Both(tuple([first, *self._joined("and")]))
        if self.now.is_word("or"):
            return Either(tuple([first, *self._joined("or")]))
        return first

    def _joined(self, word: str) -> list[Any]:
        found = []
        while self._word(word):
            found.append(self._one())
        if self.now.is_word("and", "or"):
            raise self.unexpected()
        return found

    def _one(self) -> Any:
        if self._word("not"):
            return Not(self._one())
        if self._sign("("):
            inner = self._either()
            self._must(self._sign(")"))
            return inner
        return self._compare()

    def _compare(self) -> Compare:
        path = self._path()
        if self.now.kind == "sign" and self.now.text in SIGNS:
            return Compare(path, SIGNS[self._take().text], self._literal())
        if self._word("like"):
            return Compare(path, "like", self._literal())
        for op, words in (("in", ("in",)), ("not in", ("not", "in")), ("includes", ("includes",)),
                          ("excludes", ("excludes",))):  # fmt: skip
            if self._word(*words):
                return Compare(path, op, self._set())
        raise self.unexpected()

    def _set(self) -> Any:
        self._must(self._sign("("))
        found = self.select() if self.now.is_word("select") else tuple(self._list(self._literal))
        self._must(self._sign(")"))
        return found

    def _literal(self) -> Literal:
        token = self._take()
        word = token.text.lower()
        if token.kind == "string":
            return Literal("string", text_of(token.text), token.at)
        if token.kind == "number":
            return Literal("number", float(token.text), token.at)
        if token.kind == "moment":
            return Literal("moment", token.text, token.at)
        if word in {"true", "false"}:
            return Literal("boolean", word == "true", token.at)
        if word == "null":
            return Literal("null", None, token.at)
        name, _, count = word.partition(":")
        if word in SPANS or (name in COUNTED_SPANS and count):
            return Literal("span", (name, int(count or 0)), token.at)
        self._place -= 1
        raise self.unexpected()
