"""A business object's reply, judged by what it says: HTTP's status says nothing.

It was posted where the reply is XML, no element carries an error, no item is counted as invalid, and what a posting
answers (a journal, a key) is there. A ledger error behind a posting that succeeded is a warning: the invoice is in
accounts payable, and posting it again would be wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from integrations.connectors.errors import RemoteError, Who
from integrations.connectors.syspro import errors
from integrations.connectors.syspro.documents import Document
from integrations.connectors.syspro.errors import FieldError
from integrations.connectors.syspro.wire import Unreadable, below, failure_in, local, parsed, text_of

_COUNTS_OF_INVALID = ("itemsinvalid", "recordsinvalid", "itemsrejectedwithwarnings", "journalsinvalid")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was posted: the key that SYSPRO gave it, by element in small letters, and what a person should know."""

    key: dict[str, str]
    warnings: list[str] = field(default_factory=list)


def judged(text: str, document: Document, *, dry: bool = False) -> Outcome:
    """The outcome of a posting. Raises RemoteError; `unknown` where the reply leaves open what happened."""
    place = document.business_object
    posting = not dry
    if (problem := failure_in(text)) is not None:
        raise errors.of_text(problem, place, posting=posting)
    try:
        root = parsed(text)
    except Unreadable as error:
        raise errors.unreadable(place, str(error), posting=posting) from None
    if local(root) != document.root.lower():
        raise errors.unreadable(place, "another root element", posting=posting)
    key = _key(root)
    if found := list(field_errors(root, document)):
        refusal = errors.of_fields(found, place)
        refusal.unknown = (
            posting and bool(document.answers) and all(key.get(name) for name in document.answers)
        )
        raise refusal
    if _invalid(root):
        message = f"SYSPRO refused it and gave no reason. {_words(warnings_of(root))}".strip()
        raise RemoteError(
            Who.FIX_RECORD, "refused", message, details=f"{place}: invalid items without an error"
        )
    if not dry and not all(key.get(name) for name in document.answers):
        raise errors.unreadable(place, "no posting reference in the reply", posting=True)
    return Outcome(key, warnings_of(root))


def field_errors(root: Element, document: Document) -> Iterator[FieldError]:
    """Each error beside an element, which is named as the document has it: a set-up echoes it in small letters."""
    for element in root.iter():
        for child in element:
            if local(child) == "errordescription" and (told := (child.text or "").strip()):
                declared = document.element(local(element))
                name = declared.name if declared else str(element.tag).rpartition("}")[2]
                yield FieldError(name, text_of(element, "value"), text_of(element, "errornumber"), told)


def warnings_of(root: Element) -> list[str]:
    """Warnings in words, and a ledger posting that failed behind one that succeeded."""
    found = [(e.text or "").strip() for e in below(root, "warningdescription")]
    for journal in below(root, "gljournal"):
        error, message = text_of(journal, "gljournalerror"), text_of(journal, "gljournalmessage")
        if error.strip("0"):
            found.append(
                "It is posted in accounts payable, but its general ledger journal "
                f"{text_of(journal, 'gljournal')} has an error: {message or error}. Finance corrects it in SYSPRO; do "
                "not post it again."
            )
    return list(dict.fromkeys(filter(None, found)))


def _invalid(root: Element) -> int:
    """Items that were refused. Counts come padded, or empty for none."""
    counts = [(element.text or "").strip() for element in below(root, *_COUNTS_OF_INVALID)]
    return sum(int(count) for count in counts if count.isdigit())


def _key(root: Element) -> dict[str, str]:
    """All that stands in the `Key` elements."""
    return {
        local(child): (child.text or "").strip()
        for key in below(root, "key")
        for child in key
        if len(child) == 0
    }


def _words(warnings: list[str]) -> str:
    return f"Its warnings: {' '.join(warnings)}" if warnings else "Look at it in SYSPRO, then retry."
