"""The XML of business objects: documents read with entities and DTDs refused, replies built and written.

Texts are cut down to Windows-1252 on their way in, as the server does: what it cannot hold becomes a question mark.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from integrations.sandbox.syspro.errors import EnetError

Node = etree._Element
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>\s*")
HEAD = '<?xml version="1.0" encoding="Windows-1252"?>\n'
ATTRIBUTES = (
    "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' Version='8.0.021' "
    "OperatorPrimaryRole='   '"
)


def parse(text: str, parameter: str) -> Node:
    """The root of a document that came as `parameter`. Raises EnetError for what is no XML, or has a DTD."""
    return parse_bytes(_DECLARATION.sub("", text).encode("cp1252", "replace"), parameter, "cp1252")


def parse_bytes(body: bytes, parameter: str, encoding: str | None = None) -> Node:
    """As `parse`; without an encoding the document's own declaration holds."""
    parser = etree.XMLParser(encoding=encoding, resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise EnetError(f"XML parse error in parameter '{parameter}': {error}") from None
    if b"<!DOCTYPE" in body:
        raise EnetError(f"XML parse error in parameter '{parameter}': a document type is not allowed")
    return root


def name_of(node: Node) -> str:
    """The name without its namespace; a processing instruction has none."""
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def children(node: Node | None, name: str) -> Iterator[Node]:
    return iter(()) if node is None else (child for child in node if name_of(child) == name)


def child(node: Node | None, name: str) -> Node | None:
    return next(children(node, name), None)


def descend(node: Node | None, *names: str) -> Node | None:
    for name in names:
        node = child(node, name)
    return node


def text_of(node: Node | None, *names: str) -> str:
    """The trimmed text of a node, or of the one that `names` lead to; "" where there is none."""
    found = descend(node, *names)
    return "" if found is None else (found.text or "").strip()


def build(name: str, content: object = "") -> Node:
    """`content` is a text, a number, or the nodes inside."""
    node = etree.Element(name)
    if isinstance(content, Iterable) and not isinstance(content, str):
        node.extend(content)
    else:
        node.text = str(content) or None
    return node


def built(**members: object) -> list[Node]:
    return [build(name, value) for name, value in members.items()]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of a business object, before it is framed. Its root's attributes are quoted singly, as on the wire."""

    root: str
    content: list[Node] = field(default_factory=list)

    def text(self) -> str:
        inside = "".join(etree.tostring(node, encoding="unicode") for node in self.content)
        return f"{HEAD}<{self.root} {ATTRIBUTES}>{inside}</{self.root}>"
