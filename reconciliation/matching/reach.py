"""Phones and e-mail addresses in the form in which they are compared, without those that stand for "none"."""

import re

from reconciliation.matching.names import folded
from reconciliation.matching.words import words_of

_DIGITS = re.compile(r"\D+")
_EXTENSION = re.compile(r"(?:x|ext|#).*$", re.IGNORECASE)
_ASCENDING = frozenset(("1234567", "2345678", "3456789", "4567890", "1234567890", "0123456"))
_ROLES = words_of("mailboxes.txt", "roles")
_NOBODY = words_of("mailboxes.txt", "nobody")
_NOWHERE = frozenset(
    ("none.com", "na.com", "noemail.com", "test.com", "email.com.com", "nomail.com", "none.none")
)
_PROVIDERS = words_of("mailboxes.txt", "providers")
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def read_number(text: str) -> int:
    """A phone number as its digits with the country code, 0 for none and for placeholders (555-5555, 000-0000)."""
    digits = _DIGITS.sub("", _EXTENSION.sub("", text))
    if len(digits) == 10:
        digits = "1" + digits
    if not 7 <= len(digits) <= 15 or is_placeholder(digits):
        return 0
    return int(digits)


def is_placeholder(digits: str) -> bool:
    """Whether digits were typed to fill the box: one digit repeated, or counted up."""
    tail = digits[-7:]
    return len(set(tail)) == 1 or tail in _ASCENDING or digits[-10:] in _ASCENDING


def read_email(text: str) -> str:
    """An address in the form in which it is compared: without a plus tag, Gmail's without dots. Empty for "none"."""
    local, at, domain = folded(text).strip().rpartition("@")
    local, domain = local.partition("+")[0].strip(), domain.strip(" .>;,")
    if not at or not local or "." not in domain or domain in _NOWHERE or local.replace(".", "") in _NOBODY:
        return ""
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return f"{local}@{domain}"


def own_domain(email: str) -> str:
    """The domain of an address that belongs to a company; empty for providers at whom anybody has an address."""
    domain = email.partition("@")[2]
    return "" if domain in _PROVIDERS else domain


def is_role(email: str) -> bool:
    """Whether an address belongs to a desk and not to a person (info@, office@)."""
    return email.partition("@")[0].replace(".", "").replace("-", "") in _ROLES
