"""A safe expression over a row's members: `upper(name) if balance > 0 else ""`.

`simpleeval` walks the syntax tree; nothing is ever compiled or run by Python. What it is given here is less than it
could do: text, exact numbers, yes and no; no attributes (a dotted name is a path), no subscripts, no loops. Length,
depth and the size of every value are bounded, and with them the time.
"""

import ast
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, InvalidOperation
from typing import Any

from simpleeval import InvalidExpression, SimpleEval

LONGEST = 500
MOST_NODES = 150
LONGEST_TEXT = 10_000
_CONTEXT = Context(prec=28)
_NODES = (
    ast.Expr, ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.Call, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip


def _checked(value: Any) -> Any:
    """Numbers exact, texts not too long; nothing that is neither gets in."""
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"gives a text of more than {LONGEST_TEXT:,} characters")
        return value
    if type(value) in {int, float}:
        return _CONTEXT.create_decimal(repr(value))
    if isinstance(value, Decimal):
        return _CONTEXT.plus(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise ValueError("holds something that an expression cannot use: take a member of it")


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    try:
        found = _CONTEXT.create_decimal(value.strip() if isinstance(value, str) else "x")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ValueError("is not a number")
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if abs(value.adjusted()) < 100 else str(value)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return _checked(_text(left) + _text(right))
    return _CONTEXT.add(_number(left), _number(right))


def _replace(text: Any, old: Any, new: Any) -> str:
    text, old, new = _text(text), _text(old), _text(new)
    if not old or len(text) + text.count(old) * len(new) > LONGEST_TEXT:
        raise ValueError("replaces nothing, or makes the text too long")
    return text.replace(old, new)


def _round(value: Any, places: Any = Decimal(0)) -> Decimal:
    return _number(value).quantize(Decimal(1).scaleb(-_small(places)), context=_CONTEXT)


def _small(value: Any) -> int:
    found = int(_number(value))
    if not 0 <= found <= LONGEST_TEXT:
        raise ValueError("counts with a number that is too large or negative")
    return found


def _right(text: Any, count: Any) -> str:
    found, length = _text(text), _small(count)
    return found[-length:] if length else ""


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "upper": lambda text: _text(text).upper(),
    "lower": lambda text: _text(text).lower(),
    "title": lambda text: _text(text).title(),
    "trim": lambda text: " ".join(_text(text).split()),
    "length": lambda text: Decimal(len(_text(text))),
    "left": lambda text, count: _text(text)[: _small(count)],
    "right": _right,
    "replace": _replace,
    "contains": lambda text, part: _text(part) in _text(text),
    "starts": lambda text, part: _text(text).startswith(_text(part)),
    "first": lambda *values: next((value for value in values if value not in (None, "")), None),
    "empty": lambda value: value in (None, ""),
    "text": _text,
    "number": _number,
    "round": _round,
}
_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: lambda a, b: _CONTEXT.subtract(_number(a), _number(b)),
    ast.Mult: lambda a, b: _CONTEXT.multiply(_number(a), _number(b)),
    ast.Div: lambda a, b: _CONTEXT.divide(_number(a), _number(b)),
    ast.Mod: lambda a, b: _CONTEXT.remainder(_number(a), _number(b)),
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: _text(a) in _text(b),
    ast.NotIn: lambda a, b: _text(a) not in _text(b),
    ast.Not: lambda a: not a,
    ast.USub: lambda a: -_number(a),
    ast.UAdd: _number,
}


class _Evaluator(SimpleEval):
    """Less than the library offers: no assignment, no subscript, no format string; a dotted name is one name."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        # The library's own beginning would offer more than is wanted, and is too slow for every row.
        self.operators, self.functions, self.names = _OPERATORS, FUNCTIONS, names
        self.nodes = {
            ast.Expr: self._eval_expr,
            ast.Constant: lambda node: _checked(node.value),
            ast.Name: self._path,
            ast.Attribute: self._path,
            ast.UnaryOp: self._eval_unaryop,
            ast.BinOp: self._eval_binop,
            ast.BoolOp: self._eval_boolop,
            ast.Compare: self._eval_compare,
            ast.IfExp: self._eval_ifexp,
            ast.Call: self._call,
        }

    def _path(self, node: ast.AST) -> Any:
        return self.names[_dotted(node)]

    def _call(self, node: ast.Call) -> Any:
        return _checked(self._eval_call(node))


def _dotted(node: ast.AST) -> str:
    """`customer.name` of the tree; raises ValueError for an attribute of anything but a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise ValueError("A dot may only stand between the names of a path.")


def parsed(source: str) -> ast.Expr:
    """The tree of an expression. Raises ValueError with what is wrong with it, for a person."""
    if not source.strip():
        raise ValueError("Write an expression, such as upper(name).")
    if len(source) > LONGEST:
        raise ValueError(f"An expression may have {LONGEST} characters; this one has {len(source)}.")
    try:
        body = ast.parse(source.strip(), mode="exec").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"“{source.strip()[:60]}” is not an expression, such as upper(name).") from None
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        raise ValueError("Write one expression; nothing can be assigned or imported.")
    _check(body[0])
    return body[0]


def _check(tree: ast.Expr) -> None:
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES:
        raise ValueError("The expression is too long: split it into several lines of the mapping.")
    for node in nodes:
        if not isinstance(node, _NODES) or (isinstance(node, _OPERATIONS) and type(node) not in _KNOWN):
            raise ValueError(f"{type(node).__name__} cannot be used in an expression.")
        if isinstance(node, ast.Constant) and not isinstance(node.value, (str, int, float, type(None))):
            raise ValueError("Only texts, numbers, True, False and None can be written out.")
        if isinstance(node, ast.Call):
            _check_call(node)
        elif isinstance(node, ast.Attribute):
            _dotted(node)


_OPERATIONS = (ast.operator, ast.unaryop, ast.cmpop)
_KNOWN = frozenset(_OPERATORS)


def _check_call(node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
        name = node.func.id if isinstance(node.func, ast.Name) else "that"
        raise ValueError(f"There is no function {name}. Known: {', '.join(FUNCTIONS)}.")
    if node.keywords:
        raise ValueError("Functions take their values in order, without names.")


def paths_of(source: str) -> tuple[str, ...]:
    """The dotted names that an expression reads, each once, in order. Raises ValueError."""
    return tuple(dict.fromkeys(_read(parsed(source))))


def _read(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return [_dotted(node)]
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    return [path for child in inner for path in _read(child)]


def compiled(source: str) -> Callable[[Mapping[str, Any]], Any]:
    """The function from values by path to the expression's value. Raises ValueError, then and when it is called."""
    tree = parsed(source)

    def evaluate(values: Mapping[str, Any]) -> Any:
        try:
            evaluator = _Evaluator({path: _checked(value) for path, value in values.items()})
            return _checked(evaluator.eval(source, previously_parsed=tree))
        except TypeError:
            raise ValueError("does not fit the expression: it has the wrong type, or is empty") from None
        except (DecimalException, InvalidExpression, KeyError, RecursionError):
            raise ValueError("cannot be used in the expression") from None

    return evaluate
