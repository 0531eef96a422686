"""The elements that a business object knows. SYSPRO ignores others without a word; a strict sandbox names the first.

Written as in `Item(Supplier GrnDetails(GrnGrn) LedgerDistribution(LedgerCode))`: in brackets what may stand inside.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from integrations.sandbox.syspro.elements import Node, name_of, parse
from integrations.sandbox.syspro.errors import EnetError

Tree = dict[str, Any]
"""Names, each with the tree of what may stand inside."""


@dataclass(frozen=True)
class Schema:
    """`parameters`: of the Parameters element; `document`: of the document's root."""

    document: str
    parameters: str = ""

    @cached_property
    def _trees(self) -> tuple[Tree, Tree]:
        return tree(self.document), {"Parameters": tree(self.parameters)}

    def check(self, object_name: str, document: str, parameters: str) -> None:
        """Raises EnetError for an element that the object does not know."""
        known, known_parameters = self._trees
        for text, parameter, names in (
            (document, "XmlIn", known),
            (parameters, "XmlParameters", known_parameters),
        ):
            if text.strip():
                for path in _unknown(parse(text, parameter), names, ""):
                    raise EnetError(f"Strict sandbox: {object_name} knows no element '{path}' in {parameter}")


def tree(text: str) -> Tree:
    words = iter(re.findall(r"\w+|[()]", text))
    return _inside(words)


def _inside(words: Iterator[str]) -> Tree:
    found: Tree = {}
    last = ""
    for word in words:
        if word == ")":
            break
        if word == "(":
            found[last] = _inside(words)
        else:
            last = word
            found[last] = {}
    return found


def _unknown(node: Node, known: Tree, path: str) -> Iterator[str]:
    for one in node:
        name = name_of(one)
        if name not in known:
            yield f"{path}{name}"
        else:
            yield from _unknown(one, known[name], f"{path}{name}/")
