"""How setup objects keep a table: Add, Update, Delete; each item checked, then written -> counts of records.

An Update touches the elements that came with it, and one that came empty empties its column.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.sandbox.syspro.calls import Call
from integrations.sandbox.syspro.elements import Node, Reply, build, built, children, name_of, text_of
from integrations.sandbox.syspro.errors import Rejected
from integrations.sandbox.syspro.posting import COMMON, TakenBack, parameters_of, root_of
from integrations.sandbox.syspro.reading import Reading

Keep = Callable[[Call, str, Reading, Mapping[str, str]], str]
"""Checks an item and writes it under an action (Add, Update or Delete); gives its key. Raises Rejected."""


@dataclass(frozen=True, slots=True)
class Setup:
    """`key`: the element that identifies a record."""

    root: str
    key: str
    keep: Keep

    def answer(self, call: Call) -> Reply:
        """Raises EnetError for a document of another object."""
        root = root_of(call.document, self.root, "XmlIn")
        parameters = {**COMMON, **parameters_of(call, self.root)}
        action = call.verb.rpartition("/")[2]
        lines: list[Node] = []
        invalid = 0
        try:
            with call.company.store.transaction():
                for node in children(root, "Item"):
                    line, good = self._line(call, action, Reading(node, "{Item}"), parameters)
                    lines.append(line)
                    invalid += not good
                if parameters["ValidateOnly"] == "Y" or (
                    invalid and parameters["ApplyIfEntireDocumentValid"] == "Y"
                ):
                    raise TakenBack
        except TakenBack:
            pass
        counts = built(RecordsRead=len(lines), RecordsInvalid=invalid)
        return Reply(self.root.lower(), [*lines, build("StatusOfItems", counts)])

    def _line(
        self, call: Call, action: str, item: Reading, parameters: Mapping[str, str]
    ) -> tuple[Node, bool]:
        """Everything in it is in lower case."""
        try:
            with call.company.store.transaction():
                key = self.keep(call, action, item, parameters)
        except Rejected:
            nodes = [problem.node() for problem in item.problems]
            for node in nodes:
                node.tag = name_of(node).lower()
            return build("item", [_key(self.key, text_of(item.node, "Key", self.key)), *nodes]), False
        return build("item", [_key(self.key, key), *item.warning_nodes()]), True


def _key(name: str, value: str) -> Node:
    return build("key", [build(name.lower(), value)])
