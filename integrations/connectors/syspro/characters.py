"""Texts as SYSPRO can hold them: Windows-1252. What it cannot hold is written in the nearest letters, and said."""

import unicodedata

CODE_PAGE = "cp1252"
_LOOKS_LIKE = str.maketrans({
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "\u0131": "i", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2015": "-", "\u2212": "-", "\u2032": "'", "\u2033": '"',
    "\u2044": "/", "\u2215": "/", "\u2264": "<=", "\u2265": ">=", "\u2260": "<>", "\u00a0": " ", "\u202f": " ",
    "\u2009": " ", "\u200a": " ", "\u200b": "", "\u200d": "", "\ufeff": "", "\u2713": "x", "\u2116": "No.",
})  # fmt: skip


def held(text: str) -> str:
    """The text in characters of Windows-1252, on one line; equal to `text` where nothing had to be changed."""
    lines = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(char if _fits(char) else _nearest(char) for char in lines)


def _fits(char: str) -> bool:
    if char in "\u0081\u008d\u008f\u0090\u009d" or not char.isprintable():
        return False
    try:
        char.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True


def _nearest(char: str) -> str:
    """`č` -> `c`, `№` -> `No.`; a question mark for what looks like nothing there."""
    known = char.translate(_LOOKS_LIKE)
    if known != char:
        return known
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return plain if plain and plain != char and all(_fits(part) for part in plain) else "?"
