"""Where two texts differ, word by word. Pure."""

import re
from difflib import SequenceMatcher

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
Part = tuple[str, bool]
"""A piece of a text, and whether it stands in the other text too."""


def parts(one: str, other: str) -> tuple[list[Part], list[Part]]:
    """Both texts in pieces. Joined again, the pieces of each give exactly that text."""
    left, right = _WORDS.findall(one), _WORDS.findall(other)
    ours: list[Part] = []
    theirs: list[Part] = []
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        same = tag == "equal"
        if i2 > i1:
            ours.append(("".join(left[i1:i2]), same))
        if j2 > j1:
            theirs.append(("".join(right[j1:j2]), same))
    return ours, theirs


def marked(one: str, other: str) -> tuple[SafeString, SafeString]:
    """Both texts as HTML, with what only they have marked."""
    ours, theirs = parts(one, other)
    return _html(ours), _html(theirs)


def _html(pieces: list[Part]) -> SafeString:
    if not any(same and text.strip() for text, same in pieces):  # nothing in common: marks would say nothing
        return format_html("{}", "".join(text for text, _ in pieces))
    return format_html_join(
        "", "{}", ((text if same else format_html("<mark>{}</mark>", text),) for text, same in pieces)
    )
