"""The framing of e.net's replies: bytes -> text, out of its wrapping -> a failure's words, or XML.

Every reply comes with HTTP status 200; a text that begins with ERROR is a failure. Some builds put the text into JSON
quotes, others into a `<string>` element.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from integrations.connectors.syspro.characters import CODE_PAGE

_STRING = re.compile(r"(<\?xml[^>]*\?>\s*)?<string[\s/>]")
_FAILURE = re.compile(r"ERROR\b[\s:]*", re.IGNORECASE)


class Unreadable(ValueError):
    """A reply that is no XML; the text says what it is instead, without quoting it."""


def unwrapped(body: bytes) -> str:
    """The text that SYSPRO meant. Raises Unreadable for a wrapping that is broken."""
    text = body.decode(CODE_PAGE, errors="replace").strip()
    if text.startswith('"'):
        try:
            inner = orjson.loads(_utf8(body).strip())
        except orjson.JSONDecodeError:
            raise Unreadable("a quoted text that does not end") from None
        return str(inner).strip()
    if _STRING.match(text):
        return (parsed(_utf8(body).strip()).text or "").strip()
    return text


def failure_in(text: str) -> str | None:
    """The words of a reply that is a failure; None for one that is not."""
    found = _FAILURE.match(text)
    return text[found.end() :].strip() if found else None


def parsed(text: str) -> Element:
    """The reply as XML, with neither entities nor a DTD. Raises Unreadable."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except ParseError as error:
        raise Unreadable(f"no XML: {error}") from None
    except DefusedXmlException as error:
        raise Unreadable(f"XML that may not be read: {type(error).__name__}") from None
    return root


def local(element: Element) -> str:
    """The element's name in small letters, without a name space: releases differ in both."""
    return str(element.tag).rpartition("}")[2].lower()


def below(element: Element, *names: str) -> Iterator[Element]:
    """All elements under it, however deep, that have one of these names in small letters."""
    return (found for found in element.iter() if found is not element and local(found) in names)


def text_of(element: Element | None, name: str) -> str:
    """The text of a direct child, trimmed; empty where there is none."""
    for child in element if element is not None else ():
        if local(child) == name:
            return (child.text or "").strip()
    return ""


def _utf8(body: bytes) -> str:
    """What wraps is of the web service, which writes UTF-8; SYSPRO's own text may lie in it as it was."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode(CODE_PAGE, errors="replace")
