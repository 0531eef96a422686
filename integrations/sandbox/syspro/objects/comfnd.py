"""COMFND: the rows of any table that fulfil conditions. No paging: without ReturnRows it gives all of them."""

from collections.abc import Iterable
from decimal import Decimal

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.columns import Column, Kind, Row, Table
from integrations.sandbox.syspro.conditions import Test, as_column, both, compared, either, like
from integrations.sandbox.syspro.elements import Node, Reply, build, built, child, children, text_of
from integrations.sandbox.syspro.errors import EnetError
from integrations.sandbox.syspro.posting import root_of
from integrations.sandbox.syspro.schemas import Schema

SCHEMA = Schema(
    "TableName ReturnRows AllColumns Columns(Column) "
    "Where(Expression(AndOr OpenBracket Column Condition Value CloseBracket)) OrderBy(Column) Sequence(Column)"
)
Word = str | Test
"""AND, OR, a bracket, or a test."""


def answer(call: Call) -> Reply:
    """Raises EnetError for a table, column or condition that there is not."""
    query = root_of(call.document, "Query", "XmlIn")
    table = table_of(call, text_of(query, "TableName"))
    names = _columns(query, table)
    fits = _where(query, table)
    rows = [row for row in call.company.store[table.name].all() if fits(row)]
    for name, falling in reversed(_order(query, table)):
        rows.sort(key=lambda row: row[name], reverse=falling)
    most = text_of(query, "ReturnRows")
    rows = rows[: int(most)] if most.isdecimal() else rows
    head = build(
        "HeaderDetails",
        [
            build("TableName", table.name),
            build("Columns", [build("Column", name) for name in names]),
            build("OrderBy", [build("Column", name) for name, _ in _order(query, table)]),
        ],
    )
    found = [row_node(table, row, names) for row in rows]
    return Reply(table.name, [head, *found, build("RowsReturned", f"{len(rows):8d}")])


def table_of(call: Call, name: str) -> Table:
    """Names are as case-sensitive as in the database. Raises EnetError."""
    try:
        return call.company.store[name].table
    except KeyError:
        raise EnetError(f"Invalid object name '{name}'.") from None


def column_of(table: Table, name: str) -> Column:
    if name not in table.columns:
        raise EnetError(f"Invalid column name '{name}'.")
    return table.columns[name]


def row_node(table: Table, row: Row, names: Iterable[str]) -> Node:
    return build("Row", built(**{name: shown(table.columns[name], row[name]) for name in names}))


def shown(column: Column, value: str | Decimal) -> str:
    """Numbers are padded with blanks to the left."""
    return f"{value:>16}" if column.kind is Kind.NUMBER else str(value)


def _columns(query: Node, table: Table) -> list[str]:
    named = [text_of(one) for one in children(child(query, "Columns"), "Column")]
    if text_of(query, "AllColumns") == "Y" or not named:
        return list(table.columns)
    return [column_of(table, name).name for name in named]


def _order(query: Node, table: Table) -> list[tuple[str, bool]]:
    """Columns, and whether each falls."""
    plain = [(text_of(one), False) for one in children(child(query, "OrderBy"), "Column")]
    newer = children(child(query, "Sequence"), "Column")
    wanted = plain or [(one.get("Name", ""), one.get("Orderby", "A") == "D") for one in newer]
    return [(column_of(table, name).name, falling) for name, falling in wanted]


def _where(query: Node, table: Table) -> Test:
    words: list[Word] = []
    for expression in children(child(query, "Where"), "Expression"):
        if words:
            words.append(text_of(expression, "AndOr").upper() or "AND")
        words += text_of(expression, "OpenBracket")
        words.append(_test(expression, table))
        words += text_of(expression, "CloseBracket")
    if not words:
        return lambda row: True
    test = _either(words)
    if words:
        raise EnetError("The brackets of the Where clause do not match")
    return test


def _test(expression: Node, table: Table) -> Test:
    column = column_of(table, text_of(expression, "Column"))
    condition, value = text_of(expression, "Condition").upper(), text_of(expression, "Value")
    if condition == "LIKE":
        return like(column, value)
    if condition not in {"EQ", "NE", "GT", "GE", "LT", "LE"}:
        raise EnetError(f"Invalid condition '{condition}'")
    try:
        return compared(column, condition.lower(), as_column(column, value))
    except (ValueError, ArithmeticError):
        raise EnetError(f"Value '{value}' cannot be compared with column '{column.name}'") from None


def _either(words: list[Word]) -> Test:
    """And binds closer than or. Takes what it reads off the front of the words."""
    test = _both(words)
    while words and words[0] == "OR":
        words.pop(0)
        test = either(test, _both(words))
    return test


def _both(words: list[Word]) -> Test:
    test = _single(words)
    while words and words[0] == "AND":
        words.pop(0)
        test = both(test, _single(words))
    return test


def _single(words: list[Word]) -> Test:
    word = words.pop(0) if words else ""
    if callable(word):
        return word
    if word == "(":
        test = _either(words)
        if words and words.pop(0) == ")":
            return test
    raise EnetError("The brackets of the Where clause do not match")
